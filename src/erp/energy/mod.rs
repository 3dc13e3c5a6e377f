//! What is known about the numbers of the German energy market: how they are built, checked and compared.
//!
//! Pure functions over text and decimals: no clock, no SQL, no HTTP. The rule for callers is "reject on write, warn on
//! read": what an ERP sends is often dirty and must still arrive (`contract/erp-protocols.md`, section 5).

pub mod check_digit;
pub mod deposit;
pub mod iban;
pub mod market_location;
pub mod market_partner;
pub mod meter_location;
pub mod meter_number;
pub mod network_location;
pub mod obis;
pub mod vat;

/// What energy something is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Energy {
    /// Electric power.
    Electricity,
    /// Natural gas.
    Gas,
}

impl Energy {
    /// The energy that the API's word means; none for others, such as water.
    pub fn of_word(word: &str) -> Option<Self> {
        match word {
            "electricity" => Some(Self::Electricity),
            "gas" => Some(Self::Gas),
            _ => None,
        }
    }
}

/// The text in capitals, without what people put between groups of characters: spaces, dashes, dots, slashes.
fn bare(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '–' | '.' | '/')).flat_map(char::to_uppercase).collect()
}
