//! Addresses as one line.

use super::row::Row;

/// `Street 12a, 01067 City` from the columns that begin with `prefix`. `is_german` = the postal code may have lost zeros.
pub fn line(row: Row<'_>, prefix: &str, is_german: bool) -> Option<String> {
    let text = |key: &str| row.text(&format!("{prefix}{key}"));
    let zip = if is_german { row.zip(&format!("{prefix}zip")) } else { text("zip") };
    let join = |parts: [Option<String>; 2]| {
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    };
    let street = join([text("street"), text("houseNumber")]);
    let place = join([zip, text("city")]);
    let parts: Vec<String> = [street, place].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Whether two lines are one address: case, spaces, signs and the spelling of "Straße" are no difference.
pub fn is_same(one: &str, other: &str) -> bool {
    fold(one) == fold(other)
}

fn fold(text: &str) -> String {
    let plain: String = text.to_lowercase().replace('ß', "ss").chars().filter(|c| c.is_alphanumeric()).collect();
    plain.replace("strasse", "str")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::row::Warnings, *};

    #[test]
    fn parts_become_a_line() {
        let row = json!({"street": "Lindenallee", "houseNumber": "12a", "zip": 1067, "city": "Dresden",
            "billing_street": "", "billing_zip": "1010", "billing_city": "Wien"});
        let warnings = Warnings::default();
        let row = Row::new(row.as_object().unwrap(), &warnings);
        assert_eq!(line(row, "", true).unwrap(), "Lindenallee 12a, 01067 Dresden");
        // Abroad four digits are a whole postal code.
        assert_eq!(line(row, "billing_", false).unwrap(), "1010 Wien");
        assert_eq!(line(row, "other_", false), None);
    }

    #[test]
    fn spelling_makes_no_other_address() {
        assert!(is_same("Käthe-Kollwitz-Straße 5, 01067 Dresden", "KÄTHE KOLLWITZ STR. 5, 01067 Dresden"));
        assert!(!is_same("Lindenallee 12a, 01067 Dresden", "Lindenallee 12b, 01067 Dresden"));
    }
}
