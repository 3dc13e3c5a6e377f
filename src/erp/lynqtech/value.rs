//! Single values of an answer in the form of the API. What cannot be read is none: one odd value must not hide a contract.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::{
    super::{custom::field, energy::obis::Obis},
    profile::{Profile, Rule},
};

/// Largest whole number that every reader of JSON keeps exact.
const MAX_NUMBER: i64 = 1 << 53;

/// Names of one fact, ours first. English names are of our template, German ones of BO4E.
const STREET: [&str; 2] = ["street", "strasse"];
const HOUSE_NUMBER: [&str; 3] = ["houseNumber", "hausnummer", "houseNo"];
const ZIP: [&str; 4] = ["zip", "postalCode", "postleitzahl", "plz"];
const CITY: [&str; 2] = ["city", "ort"];

/// How a fact is read, by its name in the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An id: without type prefix; digits as a number.
    Id,
    /// A text that may carry a type prefix.
    Prefixed,
    /// A text, also where digits are sent as a number.
    Text,
    /// Trimmed, the domain in small letters.
    Email,
    /// A whole number; a text that is none is a code and no fault.
    Whole,
    /// An exact number, divided as the rule says.
    Amount,
    /// A day.
    Day,
    /// Street, house number, postal code, city.
    Address,
    /// True or false.
    Flag,
    /// Registers of a meter.
    Registers,
    /// As it comes: a key of the tenant's own.
    Own,
}

impl Form {
    /// The form of a fact of contracts and customers.
    pub fn of(name: &str) -> Self {
        match name {
            "id" | "customerId" => Self::Id,
            "counterNumber" | "marketLocation" | "meterLocation" => Self::Prefixed,
            "email" => Self::Email,
            "orderId" | "statusCode" | "energyTypeId" | "energySubTypeId" | "productId" | "campaignId" | "salesChannelId" => Self::Whole,
            "monthlyDeposit" | "consumption" | "unpaidDebt" | "vatRate" | "basePrice" | "workingPrice" => Self::Amount,
            "signupDate" | "startDate" | "endDate" => Self::Day,
            "deliveryAddress" | "billingAddress" | "address" => Self::Address,
            "business" => Self::Flag,
            "registers" => Self::Registers,
            "tenant" | "status" | "energy" | "company" | "firstname" | "lastname" | "phone" | "zip" | "iban" | "productName"
            | "productCode" | "gridOperatorName" | "gridOperatorCode" | "statusCodeTitle" => Self::Text,
            _ => Self::Own,
        }
    }

    /// Reads a value.
    pub fn read(self, value: &Value, rule: &Rule, profile: &Profile) -> Option<Value> {
        match self {
            Self::Id => id(value, profile),
            Self::Prefixed => Some(json!(without_prefix(&text(value)?, profile))),
            Self::Text => text(value).map(Value::from),
            Self::Email => text(value).map(|text| Value::from(email(&text))),
            Self::Whole => whole(value).map(Value::from),
            Self::Amount => amount(value, rule.divide_by).map(|amount| Value::from(amount.normalize().to_string())),
            Self::Day => day(value),
            Self::Address => address(value).map(Value::from),
            Self::Flag => flag(value).map(Value::from),
            Self::Registers => registers(value, profile).map(Value::from),
            Self::Own => Some(value.clone()),
        }
    }
}

/// An id as the API shows it: a number when all of it is digits.
pub fn id(value: &Value, profile: &Profile) -> Option<Value> {
    let text = without_prefix(&text(value)?, profile).to_owned();
    let number = text.parse::<i64>().ok().filter(|number| (0..=MAX_NUMBER).contains(number) && number.to_string() == text);
    Some(number.map_or_else(|| Value::from(text), Value::from))
}

/// Some services put the type in front of an id: `Marktlokation-41373559241`.
fn without_prefix<'a>(text: &'a str, profile: &Profile) -> &'a str {
    let stripped = profile.id_prefixes.iter().find_map(|prefix| text.strip_prefix(prefix.as_str()));
    stripped.filter(|rest| !rest.is_empty()).unwrap_or(text)
}

/// Trimmed text, or a number as text; none for blank text and anything else.
pub fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

fn email(text: &str) -> String {
    text.rsplit_once('@').map_or_else(|| text.to_owned(), |(local, domain)| format!("{local}@{}", domain.to_lowercase()))
}

fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// An exact number.
pub fn amount(value: &Value, divide_by: Option<Decimal>) -> Option<Decimal> {
    let text = text(value)?;
    let amount: Decimal = text.parse().or_else(|_| Decimal::from_scientific(&text)).ok()?;
    match divide_by {
        Some(divisor) => amount.checked_div(divisor),
        None => Some(amount),
    }
}

/// Unix seconds of the day. Instants are Berlin midnights written in UTC, so the day is that of Berlin.
fn day(value: &Value) -> Option<Value> {
    field::day(value.clone()).ok().flatten().map(Value::from)
}

/// Zero dates, as old systems write "none".
pub fn is_zero_date(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.trim().starts_with("0000-00-00"))
}

fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => number.as_i64().map(|number| number != 0),
        Value::String(text) => match text.trim().to_lowercase().as_str() {
            "true" | "1" | "ja" => Some(true),
            "false" | "0" | "nein" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// `Street 12a, 01067 City`, from its parts or as it comes.
fn address(value: &Value) -> Option<String> {
    let Value::Object(parts) = value else { return text(value) };
    let part = |names: &[&str]| names.iter().find_map(|name| parts.get(*name).and_then(text));
    let zip = part(&ZIP).map(|zip| {
        // A number has lost its leading zero.
        let short = zip.len() < 5 && zip.bytes().all(|b| b.is_ascii_digit());
        if short { format!("{zip:0>5}") } else { zip }
    });
    let joined = |one: Option<String>, other: Option<String>| [one, other].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let lines = [joined(part(&STREET), part(&HOUSE_NUMBER)), joined(zip, part(&CITY))];
    let address = lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join(", ");
    (!address.is_empty()).then_some(address)
}

/// Registers in one form, whatever names they come with; keys that are not known are kept.
fn registers(value: &Value, profile: &Profile) -> Option<Vec<Value>> {
    const NAMES: [(&str, &str); 7] = [
        ("zaehlwerkId", "registerId"),
        ("bezeichnung", "label"),
        ("obisKennzahl", "obis"),
        ("einheit", "unit"),
        ("vorkommastelle", "digits"),
        ("nachkommastelle", "decimals"),
        ("richtung", "direction"),
    ];
    let register = |fields: &Map<String, Value>| {
        let mut register = Map::new();
        for (key, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
            let name = NAMES.iter().find(|(theirs, _)| theirs == key).map_or(key.as_str(), |(_, ours)| ours);
            let value = match (name, value.as_str()) {
                ("registerId", Some(id)) => json!(without_prefix(id, profile)),
                ("obis", Some(obis)) => json!(Obis::parse(obis).map_or_else(|_| obis.to_owned(), |obis| obis.to_string())),
                ("unit", Some(unit)) if unit.eq_ignore_ascii_case("kwh") => json!("kWh"),
                // Seen from the grid: what goes out to the customer, and what comes in.
                ("direction", Some("AUSSP")) => json!("consumption"),
                ("direction", Some("EINSP")) => json!("feedIn"),
                _ => value.clone(),
            };
            register.insert(name.to_owned(), value);
        }
        Value::Object(register)
    };
    Some(value.as_array()?.iter().filter_map(Value::as_object).map(register).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "the examples read better without references")]
    fn read(form: Form, value: Value) -> Option<Value> {
        let profile = Profile::standard().unwrap();
        form.read(&value, &profile.contract["id"], &profile)
    }

    #[test]
    fn ids_lose_their_prefix_and_become_numbers() {
        for (value, id) in [
            (json!("400001234"), json!(400_001_234)),
            (json!(400_001_234), json!(400_001_234)),
            (json!("Vertrag-400001234"), json!(400_001_234)),
            (json!("VN-00017"), json!("VN-00017")),
            (json!("007"), json!("007")),
            (json!("99999999999999999999"), json!("99999999999999999999")),
            (json!("Vertrag-"), json!("Vertrag-")),
        ] {
            assert_eq!(read(Form::Id, value.clone()), Some(id), "{value}");
        }
        assert_eq!(read(Form::Id, json!({"id": 1})), None);
        assert_eq!(read(Form::Prefixed, json!("Marktlokation-41373559241")), Some(json!("41373559241")));
    }

    #[test]
    fn midnights_of_berlin_are_days() {
        let day = |text: &str| text.parse::<chrono::NaiveDate>().unwrap().and_time(chrono::NaiveTime::MIN).and_utc().timestamp();
        for (value, expected) in [
            // The clock changed on 31 March 2024: one midnight before, one after.
            ("2024-03-30T23:00:00Z", "2024-03-31"),
            ("2024-03-31T22:00:00+00:00", "2024-04-01"),
            // And back on 27 October.
            ("2024-10-26T22:00:00Z", "2024-10-27"),
            ("2024-10-27T23:00:00Z", "2024-10-28"),
            ("2024-04-01T00:00:00+02:00", "2024-04-01"),
            ("2024-04-01", "2024-04-01"),
        ] {
            assert_eq!(read(Form::Day, json!(value)), Some(json!(day(expected))), "{value}");
        }
        assert_eq!(read(Form::Day, json!("April")), None);
        assert!(is_zero_date(&json!("0000-00-00 00:00:00")) && !is_zero_date(&json!("2024-04-01")));
    }

    #[test]
    fn cents_become_exact_amounts() {
        let hundred = Some(Decimal::ONE_HUNDRED);
        for (value, amount) in [(json!(14_988), "149.88"), (json!("4210"), "42.1"), (json!(-1), "-0.01"), (json!(8300), "83")] {
            assert_eq!(super::amount(&value, hundred).unwrap().normalize().to_string(), amount);
        }
        assert_eq!(read(Form::Amount, json!(28.5)), Some(json!("28.5")));
        assert_eq!(read(Form::Amount, json!("28,5")), None);
    }

    #[test]
    fn addresses_of_both_languages() {
        let english = json!({"street": "Lindenallee", "houseNumber": "12a", "zip": "30159", "city": "Hannover"});
        let german = json!({"strasse": "Lindenallee", "hausnummer": "12a", "postleitzahl": 1067, "ort": "Dresden"});
        assert_eq!(read(Form::Address, english), Some(json!("Lindenallee 12a, 30159 Hannover")));
        assert_eq!(read(Form::Address, german), Some(json!("Lindenallee 12a, 01067 Dresden")));
        assert_eq!(read(Form::Address, json!({"street": "Weg 1", "city": ""})), Some(json!("Weg 1")));
        assert_eq!(read(Form::Address, json!({"street": null})), None);
    }

    #[test]
    fn registers_of_both_languages() {
        let german = json!([{"zaehlwerkId": "Zaehlwerk-1", "obisKennzahl": "1-1:1.8.0", "einheit": "KWH", "richtung": "AUSSP",
            "vorkommastelle": 6, "nachkommastelle": null, "wandlerfaktor": 1}, "x"]);
        let ours =
            json!([{"registerId": "1", "obis": "1-1:1.8.0", "unit": "kWh", "direction": "consumption", "digits": 6, "wandlerfaktor": 1}]);
        assert_eq!(read(Form::Registers, german), Some(ours));
        assert_eq!(read(Form::Registers, json!({})), None);
    }

    #[test]
    fn flags_and_mail_addresses() {
        for (value, flag) in [(json!(true), Some(true)), (json!("0"), Some(false)), (json!(1), Some(true)), (json!("vielleicht"), None)] {
            assert_eq!(read(Form::Flag, value), flag.map(Value::from));
        }
        assert_eq!(read(Form::Email, json!(" Erika@Example.INVALID ")), Some(json!("Erika@example.invalid")));
    }
}
