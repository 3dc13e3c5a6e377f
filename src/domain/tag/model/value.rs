//! The closed lists of a tag's fields, in the spelling of the wire and of the database.

use crate::http::choice;

choice! {
    [Default]
    /// What a tag labels.
    Reference as "TagReference" {
        /// Tickets.
        #[default]
        Ticket = "ticket",
        /// Contracts.
        Contract = "contract",
        /// Customers.
        Customer = "customer",
    }
}

choice! {
    [Default]
    /// What kind of label a tag is.
    Kind as "TagKind" {
        /// What somebody must know to work on it.
        #[default]
        Skill = "skill",
        /// A product of the utility.
        Product = "product",
        /// A brand of the utility.
        Brand = "brand",
        /// A trait of a customer.
        CustomerProperty = "customerProperty",
        /// A trait of a contract.
        ContractProperty = "contractProperty",
        /// Anything else.
        Other = "other",
    }
}

choice! {
    [Default]
    /// Who may see a tag, and whether it is in use.
    Visibility as "TagVisibility" {
        /// Everybody.
        #[default]
        Public = "public" or "enabled" or "visible",
        /// Only who works here.
        Private = "private",
        /// Nobody; it is switched off.
        Disabled = "disabled",
    }
}

choice! {
    [Default]
    /// Colour of a tag on the screen.
    Color as "TagColor" {
        /// Grey.
        #[default]
        Grey = "grey",
        /// Green.
        Green = "green",
        /// Red.
        Red = "red",
        /// Blue.
        Blue = "blue",
        /// Yellow.
        Yellow = "yellow",
        /// Purple.
        Purple = "purple",
        /// Orange.
        Orange = "orange",
        /// Teal.
        Teal = "teal",
    }
}

choice! {
    [Default]
    /// What the priority of a ticket with this tag becomes.
    Priority as "TagPriority" {
        /// What it was.
        #[default]
        DoNotChange = "do-not-change",
        /// Low.
        Low = "low",
        /// Medium.
        Medium = "medium",
        /// High.
        High = "high",
        /// Urgent.
        Urgent = "urgent",
    }
}

choice! {
    [Default]
    /// How hard the work behind a tag is.
    Complexity as "TagComplexity" {
        /// Anybody can.
        Simple = "simple",
        /// Who has some experience.
        #[default]
        Moderate = "moderate",
        /// Who knows it well.
        Complex = "complex",
    }
}

choice! {
    [Default]
    /// What else holds for a tag.
    Property as "TagProperty" {
        /// A ticket for which no skill was found gets it.
        #[default]
        DefaultSkill = "defaultSkill",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn older_words_are_understood_and_newer_ones_shown() {
        for (text, shown) in
            [("public", "public"), ("enabled", "public"), ("visible", "public"), ("private", "private"), ("disabled", "disabled")]
        {
            assert_eq!(serde_json::from_value::<Visibility>(json!(text)).unwrap().as_str(), shown);
        }
    }

    #[test]
    fn another_word_is_refused_with_the_list() {
        for bad in [json!("tickets"), json!("Ticket"), json!(5), json!({"ticket": null}), json!(null), json!(["ticket"])] {
            let error = serde_json::from_value::<Reference>(bad.clone()).unwrap_err().to_string();
            assert!(error.contains("one of ticket, contract, customer"), "{bad}: {error}");
        }
    }
}
