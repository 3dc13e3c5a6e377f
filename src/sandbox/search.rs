//! Searches over the world, forgiving about spelling as people are: case, umlauts, `Straße` and `Str.`, spaces in meter
//! and phone numbers.

use super::{
    model::{Address, Contract, Customer},
    world::World,
};

/// An attribute that a contract can be searched by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    ContractId,
    CustomerId,
    Email,
    Phone,
    MeterNumber,
    MarketLocation,
    Iban,
    Firstname,
    Lastname,
    Fullname,
    Company,
    Birthday,
    Address,
    PostalCode,
    City,
}

impl World {
    /// The one contract for which every given attribute holds; none when several remain, or nothing was given.
    pub(super) fn only_contract(&self, wanted: &[(Field, String)]) -> Option<(&Contract, &Customer)> {
        if wanted.is_empty() {
            return None;
        }
        let mut hits = self.contracts_with(wanted);
        let first = hits.next()?;
        hits.next().is_none().then_some(first)
    }

    /// Every contract of which each given attribute holds, with its customer; none when nothing was given.
    pub(super) fn contracts_with(&self, wanted: &[(Field, String)]) -> impl Iterator<Item = (&Contract, &Customer)> {
        self.contracts().iter().filter(|_| !wanted.is_empty()).filter_map(|contract| {
            let customer = self.customer(&contract.customer_id.to_string())?;
            wanted.iter().all(|(field, value)| holds(*field, value, contract, customer)).then_some((contract, customer))
        })
    }

    /// Customers whose record or contracts contain every word.
    pub(super) fn customers_with_words(&self, text: &str) -> impl Iterator<Item = &Customer> {
        let words: Vec<String> = words(text).collect();
        self.searchable()
            .filter(move |(_, haystack)| !words.is_empty() && words.iter().all(|word| haystack.contains(word)))
            .map(|(customer, _)| customer)
    }
}

fn holds(field: Field, value: &str, contract: &Contract, customer: &Customer) -> bool {
    let same = |one: Option<&str>, other: Option<&str>| [one, other].into_iter().flatten().any(|known| fold(known) == fold(value));
    match field {
        Field::ContractId => fold(&contract.id.to_string()) == fold(value),
        Field::CustomerId => std::iter::once(&customer.id).chain(&customer.alias).any(|id| fold(&id.to_string()) == fold(value)),
        Field::Email => same(contract.email.as_deref(), customer.email.as_deref()),
        Field::Phone => [&contract.phone, &customer.phone].into_iter().flatten().any(|known| phone_digits(known) == phone_digits(value)),
        Field::MeterNumber => letters_and_digits(&contract.meter_number) == letters_and_digits(value),
        Field::MarketLocation => contract.market_location.as_deref().is_some_and(|known| known == letters_and_digits(value)),
        Field::Iban => contract.iban.as_deref().is_some_and(|known| letters_and_digits(known) == letters_and_digits(value)),
        Field::Firstname => same(contract.firstname.as_deref(), customer.firstname.as_deref()),
        Field::Lastname => same(contract.lastname.as_deref(), customer.lastname.as_deref()),
        Field::Fullname => [(&contract.firstname, &contract.lastname), (&customer.firstname, &customer.lastname)]
            .into_iter()
            .any(|known| is_full_name(value, known)),
        Field::Company => same(contract.company.as_deref(), customer.company.as_deref()),
        Field::Birthday => {
            customer.birthday.is_some_and(|day| [day.to_string(), day.format("%d.%m.%Y").to_string()].iter().any(|text| text == value))
        }
        Field::Address => addresses(contract, customer).any(|known| is_address(value, known)),
        Field::PostalCode => addresses(contract, customer).any(|known| known.place.as_ref().is_some_and(|(zip, _)| zip == value)),
        Field::City => addresses(contract, customer).any(|known| known.place.as_ref().is_some_and(|(_, city)| fold(city) == fold(value))),
    }
}

fn addresses<'a>(contract: &'a Contract, customer: &'a Customer) -> impl Iterator<Item = &'a Address> {
    [Some(&contract.delivery), contract.billing.as_ref(), Some(&customer.address), customer.billing_address.as_ref()].into_iter().flatten()
}

/// "Jürgen Müller", "Müller Jürgen" and "Müller, Jürgen" are one name.
fn is_full_name(value: &str, (first, last): (&Option<String>, &Option<String>)) -> bool {
    let (Some(first), Some(last)) = (first, last) else { return false };
    let said = fold(&value.replace(',', " "));
    said == fold(&format!("{first} {last}")) || said == fold(&format!("{last} {first}"))
}

/// The whole address or only its street.
fn is_address(value: &str, known: &Address) -> bool {
    let said = address_key(value);
    said == address_key(&known.to_string()) || said == address_key(&known.street)
}

fn address_key(text: &str) -> String {
    letters_and_digits(text).replace("strasse", "str")
}

/// Lower case, umlauts and accents spelled out in plain letters, single spaces.
pub(super) fn fold(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars().flat_map(char::to_lowercase) {
        match letter {
            'ä' => plain.push_str("ae"),
            'ö' => plain.push_str("oe"),
            'ü' => plain.push_str("ue"),
            'ß' => plain.push_str("ss"),
            'á' | 'à' | 'â' | 'ầ' => plain.push('a'),
            'é' | 'è' | 'ê' | 'ë' => plain.push('e'),
            'ı' | 'í' | 'ì' => plain.push('i'),
            'ç' => plain.push('c'),
            'ş' => plain.push('s'),
            'ğ' => plain.push('g'),
            'ł' => plain.push('l'),
            // A dotted capital I of Turkish, in lower case, leaves a combining dot behind.
            '\u{307}' => {}
            other => plain.push(other),
        }
    }
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn letters_and_digits(text: &str) -> String {
    fold(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Digits with country code, however the number was written.
fn phone_digits(text: &str) -> String {
    let digits: String = text.replace("(0)", "").chars().filter(char::is_ascii_digit).collect();
    match (digits.strip_prefix("00"), digits.strip_prefix('0')) {
        (Some(international), _) => international.to_owned(),
        (None, Some(national)) => format!("49{national}"),
        (None, None) => digits,
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| c.is_whitespace() || c == ',').map(address_key).filter(|word| !word.is_empty())
}

/// Everything a free-text search looks at, as words with a space between.
pub(super) fn haystack<'a>(customer: &Customer, contracts: impl Iterator<Item = &'a Contract>) -> String {
    let texts = |values: &[&Option<String>]| values.iter().filter_map(|value| value.as_deref()).collect::<Vec<_>>().join(" ");
    let mut all = format!(
        "{} {} {}",
        customer.id,
        texts(&[&customer.company, &customer.firstname, &customer.lastname, &customer.email]),
        customer.address
    );
    for extra in customer.alias.iter().map(ToString::to_string).chain(customer.billing_address.iter().map(ToString::to_string)) {
        all = format!("{all} {extra}");
    }
    for contract in contracts {
        let own = texts(&[&contract.firstname, &contract.lastname, &contract.email]);
        let billing = contract.billing.as_ref().map(ToString::to_string).unwrap_or_default();
        all = format!("{all} {} {own} {} {billing} {}", contract.id, contract.delivery, contract.meter_number);
    }
    words(&all).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_does_not_matter() {
        assert_eq!(fold("  GROẞMANN  Käthe "), "grossmann kaethe");
        assert_eq!(address_key("Käthe-Kollwitz-Straße 5"), address_key("kaethe kollwitz str. 5"));
        for text in ["+49 171 39200-07", "0171 3920007", "0049171 3920007", "+49 (0)171 3920007"] {
            assert_eq!(phone_digits(text), "491713920007");
        }
    }

    #[test]
    fn several_hits_are_none() {
        let world = World::build();
        assert!(world.only_contract(&[(Field::Lastname, "Müller".to_owned())]).is_none());
        assert!(world.only_contract(&[]).is_none());
    }
}
