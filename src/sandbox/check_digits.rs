//! Check digits of market locations, market partner codes and bank accounts, so that the fiction passes every validator.

/// Appends the check digit of a market location or market partner code: digits at odd positions once, at even positions
/// twice; the check digit completes the sum to a multiple of ten.
pub(super) fn with_market_check_digit(digits: &str) -> String {
    let sum: u32 = digits
        .chars()
        .enumerate()
        .map(|(position, digit)| digit.to_digit(10).unwrap_or_default() * if position % 2 == 0 { 1 } else { 2 })
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

/// A German IBAN of an eight-digit bank code and an account number of up to ten digits.
pub(crate) fn iban(bank: u64, account: u64) -> String {
    // ISO 13616: the country as digits (D = 13, E = 14) and 00 go to the end; the check digits make the remainder 1.
    let whole = (u128::from(bank) * 10_000_000_000 + u128::from(account)) * 1_000_000 + 131_400;
    format!("DE{:02}{bank:08}{account:010}", 98 - whole % 97)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_numbers_come_out() {
        assert_eq!(with_market_check_digit("4137355924"), "41373559241");
        assert_eq!(with_market_check_digit("990332300000"), "9903323000007");
        assert_eq!(iban(37_040_044, 532_013_000), "DE89370400440532013000");
    }
}
