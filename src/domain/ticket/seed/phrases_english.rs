//! What customers write who know no German: fewer topics, the same facts.

use super::topic::Topic;

/// Topics under the tags of the German ones.
pub(super) const TOPICS: [Topic; 5] = [
    Topic {
        tag: "Zählerstand",
        weight: 4,
        subjects: &["Meter reading for {meter}", "Meter reading, contract {contract}"],
        openings: &["here is the meter reading you asked for.", "I could not enter my meter reading in your app."],
        details: &["On {date} the meter {meter} showed {reading} kWh.", "The number is {reading}, I can send you a photo as well."],
        asks: &["Please confirm that you have received this.", "Please do not estimate my consumption again."],
    },
    Topic {
        tag: "Umzug",
        weight: 4,
        subjects: &["Moving house on {date}", "New address for contract {contract}"],
        openings: &["I am moving on {date} and would like to take my contract with me.", "I am leaving Germany in {month}."],
        details: &["My new address is {newaddress}.", "The final reading of meter {meter} was {reading} kWh when I handed over the keys."],
        asks: &["Please send the final invoice to my new address.", "What else do you need from me?"],
    },
    Topic {
        tag: "Rechnung",
        weight: 3,
        subjects: &["Question about my bill", "Invoice of {date} is wrong"],
        openings: &["I do not understand the bill I received on {date}.", "my refund of {amount} Euro has not arrived yet."],
        details: &["My bank account is {iban}.", "The opening reading should be {reading} kWh, not what you have estimated."],
        asks: &["Please check and send a corrected invoice.", "Could you explain this in English, please?"],
    },
    Topic {
        tag: "Kündigung",
        weight: 2,
        subjects: &["Cancellation of contract {contract}", "Please cancel my electricity contract"],
        openings: &["I would like to cancel my contract {contract} at the earliest possible date."],
        details: &["The supply address is {address}.", "The meter number is {meter}."],
        asks: &["Please confirm the cancellation in writing."],
    },
    Topic {
        tag: "Abschlag",
        weight: 2,
        subjects: &["Monthly payment too high", "Change my monthly instalment"],
        openings: &["my monthly payment of {amount} Euro seems far too high."],
        details: &["I live alone in a small flat and I am hardly ever at home.", "The meter {meter} shows {reading} kWh today."],
        asks: &["Please lower it from next month on."],
    },
];

/// What they add.
pub(super) const CHATTER: [&str; 6] = [
    "I am sorry for writing in English, my German is not good enough yet.",
    "My customer number is {customer}.",
    "You can reach me at {phone} in the evening.",
    "I have tried to call you several times without success.",
    "My flatmate had the same problem last year.",
    "Thank you very much for your help.",
];
