//! States of a contract: Powercloud's words and numbers, and the closed set of the API.

use chrono::NaiveDate;

/// What decides about a state.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// `status` of the contract.
    pub word: Option<&'a str>,
    /// Title of its numeric state, from the tenant's table.
    pub title: Option<&'a str>,
    /// Whether `revokedAt` is set.
    pub is_revoked: bool,
    /// Last day of supply.
    pub end: Option<NaiveDate>,
    /// The present day in Germany.
    pub today: NaiveDate,
}

/// `pending`, `active`, `terminating`, `ended`, `revoked`, `blocked` or `unknown`; none where nothing is said.
pub fn normalise(facts: Facts<'_>) -> Option<&'static str> {
    if facts.is_revoked {
        return Some("revoked");
    }
    let word = facts.word.or(facts.title)?.trim().to_ascii_lowercase();
    Some(match word.as_str() {
        "open" | "waiting" | "cancellation_previous" | "delivery_net" => "pending",
        "blocked" => "blocked",
        "active" => "active",
        // The last day is still one of supply.
        "cancelled" if facts.end.is_some_and(|end| end >= facts.today) => "terminating",
        "cancelled" | "terminated" | "expired" | "done" => "ended",
        _ => "unknown",
    })
}

/// Colour of a contract's tab.
pub fn color(status: &str) -> Option<&'static str> {
    Some(match status {
        "active" => "green",
        "pending" => "yellow",
        "terminating" => "orange",
        "ended" => "grey",
        "blocked" => "red",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, day).unwrap()
    }

    fn facts(word: &str) -> Facts<'_> {
        Facts { word: Some(word), title: None, is_revoked: false, end: None, today: day(13) }
    }

    #[test]
    fn each_word_has_a_state() {
        for (word, expected) in [
            ("open", "pending"),
            ("waiting", "pending"),
            ("cancellation_previous", "pending"),
            ("delivery_net", "pending"),
            ("blocked", "blocked"),
            ("active", "active"),
            (" Active ", "active"),
            ("cancelled", "ended"),
            ("terminated", "ended"),
            ("expired", "ended"),
            ("done", "ended"),
            ("dormant", "unknown"),
        ] {
            assert_eq!(normalise(facts(word)), Some(expected), "{word}");
        }
    }

    #[test]
    fn a_cancelled_contract_goes_on_to_its_last_day() {
        for (end, expected) in [(day(12), "ended"), (day(13), "terminating"), (day(14), "terminating")] {
            assert_eq!(normalise(Facts { end: Some(end), ..facts("cancelled") }), Some(expected));
        }
    }

    #[test]
    fn a_revocation_wins_and_a_title_helps_out() {
        assert_eq!(normalise(Facts { is_revoked: true, ..facts("active") }), Some("revoked"));
        assert_eq!(normalise(Facts { word: None, title: Some("active"), ..facts("") }), Some("active"));
        assert_eq!(normalise(Facts { word: None, ..facts("") }), None);
    }
}
