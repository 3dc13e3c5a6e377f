//! Check digits of market locations, market partner codes and Global Location Numbers.

/// The digit that completes `digits` to a market location or market partner code: digits at odd positions count once,
/// at even positions twice, and the sum with the check digit is a multiple of ten. None if a character is no digit.
///
/// It notices every swap of two different neighbours and every wrong digit but one kind: at an even position a digit
/// that is off by five goes unnoticed, because twice five is ten.
pub fn market(digits: &str) -> Option<u32> {
    weighted(digits, 2)
}

/// The digit that completes `digits` to a GLN of GS1 (weights one and three from the left, for twelve digits).
pub fn gln(digits: &str) -> Option<u32> {
    weighted(digits, 3)
}

fn weighted(digits: &str, even: u32) -> Option<u32> {
    let mut sum = 0;
    for (position, digit) in digits.chars().enumerate() {
        sum += digit.to_digit(10)? * if position % 2 == 0 { 1 } else { even };
    }
    Some((10 - sum % 10) % 10)
}

/// Whether the last digit of `code` is the check digit of those before it.
pub(super) fn ends_with(code: &str, check: fn(&str) -> Option<u32>) -> bool {
    let Some((at, last)) = code.char_indices().last() else { return false };
    check(&code[..at]).is_some() && check(&code[..at]) == last.to_digit(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_examples() {
        // 4+3+3+5+2 = 17 at odd positions, twice 1+7+5+9+4 = 52 at even ones: 69, and 1 is missing to 70.
        assert_eq!(market("4137355924"), Some(1));
        // The example of GS1.
        assert_eq!(gln("400000000000"), Some(6));
        assert_eq!(gln("401234500000"), Some(9));
        assert_eq!(market("41373X5924"), None);
    }

    #[test]
    fn the_last_digit_is_compared() {
        assert!(ends_with("41373559241", market));
        assert!(!ends_with("41373559242", market));
        assert!(!ends_with("", market));
        assert!(!ends_with("4137355924X", market));
    }
}
