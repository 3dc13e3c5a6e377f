//! What each kind of value must be, and what can be read from it.

use email_address::EmailAddress;
use phonenumber::{Mode, country};
use serde_json::{Map, Value, json};

use crate::{
    erp::energy::{
        iban::Iban,
        market_location::MarketLocation,
        market_partner::MarketPartnerCode,
        meter_location::MeterLocation,
        meter_number::MeterNumber,
        network_location::NetworkLocation,
        obis::{Medium, Obis},
    },
    http::choice,
};

/// Longest e-mail address that mail servers take (RFC 5321).
const MAX_EMAIL: usize = 254;

/// Lowest German postal code (Dresden); everything below is not given out.
const LOWEST_ZIP: &str = "01001";

choice! {
    /// What a value is meant to be.
    Subject as "ValidationType" {
        /// Bank account.
        Iban = "iban",
        /// Market location.
        MarketLocation = "malo",
        /// Meter location.
        MeterLocation = "melo",
        /// Network location.
        NetworkLocation = "nelo",
        /// Number of a meter.
        MeterNumber = "meterNumber",
        /// Code of a market partner: BDEW, DVGW or GLN.
        MarketPartner = "bdew",
        /// Number of a register.
        Obis = "obis",
        /// German postal code.
        Zip = "zip",
        /// Phone number.
        Phone = "phone",
        /// E-mail address.
        Email = "email",
    }
}

/// A value that passed, in the form to store, and what it says about itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Accepted {
    /// The value in the one form that is compared and stored.
    pub normalized: String,
    /// Parts and meanings; keys depend on the subject.
    pub details: Map<String, Value>,
    /// What is odd without being wrong.
    pub warnings: Vec<String>,
}

impl Accepted {
    fn new(normalized: impl Into<String>, details: Value) -> Self {
        let details = match details {
            Value::Object(map) => map,
            _ => Map::new(),
        };
        Self { normalized: normalized.into(), details, warnings: Vec::new() }
    }

    fn warn(mut self, applies: bool, warning: &str) -> Self {
        if applies {
            self.warnings.push(warning.to_owned());
        }
        self
    }
}

/// Checks a value. The error is a sentence for the person who typed it.
pub fn check(subject: Subject, value: &str) -> Result<Accepted, String> {
    match subject {
        Subject::Iban => iban(value),
        Subject::MarketLocation => market_location(value),
        Subject::MeterLocation => meter_location(value),
        Subject::NetworkLocation => network_location(value),
        Subject::MeterNumber => meter_number(value),
        Subject::MarketPartner => market_partner(value),
        Subject::Obis => obis(value),
        Subject::Zip => zip(value),
        Subject::Phone => phone(value),
        Subject::Email => email(value),
    }
}

fn iban(value: &str) -> Result<Accepted, String> {
    let iban = Iban::parse(value).map_err(|fault| fault.to_string())?;
    let abroad = iban.country() != "DE";
    let details = json!({ "country": iban.country(), "bankCode": iban.bank_code() });
    Ok(Accepted::new(iban.as_str(), details).warn(abroad, "the account is not a German one"))
}

fn market_location(value: &str) -> Result<Accepted, String> {
    let id = MarketLocation::parse(value).map_err(|fault| fault.to_string())?;
    Ok(Accepted::new(id.as_str(), json!({ "issuer": id.issuer().as_str() })))
}

fn meter_location(value: &str) -> Result<Accepted, String> {
    let id = MeterLocation::parse(value).map_err(|fault| fault.to_string())?;
    let details = json!({ "country": "DE", "gridOperator": id.grid_operator(), "zip": id.postal_code(), "point": id.point() });
    Ok(Accepted::new(id.as_str(), details))
}

fn network_location(value: &str) -> Result<Accepted, String> {
    let id = NetworkLocation::parse(value).map_err(|fault| fault.to_string())?;
    Ok(Accepted::new(id.as_str(), json!({})).warn(true, "the check digit of a network location is not compared"))
}

fn meter_number(value: &str) -> Result<Accepted, String> {
    let number = MeterNumber::parse(value).ok_or("a meter number has letters or digits")?;
    let details = match number.din() {
        Some(parts) => json!({
            "form": "din43863-5", "division": parts.division.as_str(), "manufacturer": parts.manufacturer,
            "block": parts.block, "production": parts.production, "compareAs": number.key(),
        }),
        None => json!({ "form": "other", "compareAs": number.key() }),
    };
    let other = number.din().is_none();
    Ok(Accepted::new(number.as_str(), details).warn(other, "it is not built after DIN 43863-5; older meters are not"))
}

fn market_partner(value: &str) -> Result<Accepted, String> {
    let code = MarketPartnerCode::parse(value).map_err(|fault| fault.to_string())?;
    let fits = code.check_digit_fits();
    let details = json!({ "issuer": code.issuer().as_str(), "checkDigitFits": fits });
    Ok(Accepted::new(code.as_str(), details).warn(!fits, "the last digit is not the check digit of its issuer's codes"))
}

fn obis(value: &str) -> Result<Accepted, String> {
    let obis = Obis::parse(value).map_err(|fault| fault.to_string())?;
    let meaning = obis.meaning();
    let details = json!({
        "medium": obis.medium().map(Medium::as_str),
        "meaning": meaning.as_str(), "tariff": meaning.tariff(), "short": obis.short(),
    });
    Ok(Accepted::new(obis.to_string(), details).warn(obis.is_short(), "the short form does not say the medium"))
}

/// A German postal code; `D-` in front is what letters used to carry.
fn zip(value: &str) -> Result<Accepted, String> {
    let bare: String = value.split_whitespace().collect::<String>().to_uppercase();
    let digits = bare.strip_prefix("DE-").or_else(|| bare.strip_prefix("D-")).unwrap_or(&bare);
    if digits.len() != 5 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err("a German postal code has 5 digits".to_owned());
    }
    if digits < LOWEST_ZIP {
        return Err("there is no postal code below 01001".to_owned());
    }
    Ok(Accepted::new(digits, json!({ "country": "DE" })))
}

fn phone(value: &str) -> Result<Accepted, String> {
    let text = value.trim();
    // Anything else could be two numbers or a remark, and half of it would be lost.
    let plain = text.chars().all(|c| c.is_ascii_digit() || c.is_ascii_whitespace() || "+()/-.".contains(c));
    let number = (plain && text.len() <= 40).then(|| phonenumber::parse(Some(country::DE), text).ok()).flatten();
    let number = number.filter(phonenumber::is_valid).ok_or("it is no phone number that can be dialled")?;
    let country = number.country().id().map(|id| id.as_ref().to_owned());
    let details = json!({ "country": country, "countryCode": number.country().code() });
    Ok(Accepted::new(number.format().mode(Mode::E164).to_string(), details))
}

fn email(value: &str) -> Result<Accepted, String> {
    let text = value.trim();
    let fault = || "it is no e-mail address".to_owned();
    // The library would also take `Name <address>`.
    if text.len() > MAX_EMAIL || text.contains(['<', '>']) || !EmailAddress::is_valid(text) {
        return Err(fault());
    }
    let (local, domain) = text.rsplit_once('@').ok_or_else(fault)?;
    let domain = domain.to_lowercase();
    let bare_host = !domain.contains('.') && !domain.starts_with('[');
    let details = json!({ "localPart": local, "domain": domain });
    Ok(Accepted::new(format!("{local}@{domain}"), details).warn(bare_host, "the domain has no dot"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalized(subject: Subject, value: &str) -> Option<String> {
        check(subject, value).ok().map(|accepted| accepted.normalized)
    }

    #[test]
    fn each_subject_has_one_form() {
        for (subject, typed, stored) in [
            (Subject::Iban, "de89 3704 0044 0532 0130 00", Some("DE89370400440532013000")),
            (Subject::Iban, "DE89370400440532013001", None),
            (Subject::MarketLocation, "413 73 55 924-1", Some("41373559241")),
            (Subject::MarketLocation, "41373559242", None),
            (Subject::MeterLocation, "de0012340106700000000000000a12345", Some("DE0012340106700000000000000A12345")),
            (Subject::MeterLocation, "DE00123401067", None),
            (Subject::NetworkLocation, "E1A2B3C4D56", Some("E1A2B3C4D56")),
            (Subject::NetworkLocation, "F1A2B3C4D56", None),
            (Subject::MeterNumber, "1-ESY 1160669167", Some("1ESY1160669167")),
            (Subject::MeterNumber, "--", None),
            (Subject::MarketPartner, "9903323000007", Some("9903323000007")),
            (Subject::MarketPartner, "99033230", None),
            (Subject::Obis, "1-1:1.8.0", Some("1-1:1.8.0")),
            (Subject::Obis, "eins", None),
            (Subject::Zip, " D-01067 ", Some("01067")),
            (Subject::Zip, "1067", None),
            (Subject::Zip, "00999", None),
            (Subject::Zip, "०१०६७", None),
            (Subject::Phone, "0172 / 1041689", Some("+491721041689")),
            (Subject::Phone, "+43 1 58858-0", Some("+431588580")),
            (Subject::Phone, "089 1234 oder 0172 1041689", None),
            (Subject::Phone, "1", None),
            (Subject::Email, " Erika@Example.INVALID ", Some("Erika@example.invalid")),
            (Subject::Email, "Erika <erika@example.com>", None),
            (Subject::Email, "erika@", None),
            (Subject::Email, "", None),
        ] {
            assert_eq!(normalized(subject, typed).as_deref(), stored, "{} {typed}", subject.as_str());
        }
    }

    #[test]
    fn what_is_odd_is_said() {
        for (subject, value, warnings) in [
            (Subject::Iban, "DE89370400440532013000", 0),
            (Subject::Iban, "AT611904300234573201", 1),
            (Subject::MeterNumber, "1ESY1160669167", 0),
            (Subject::MeterNumber, "12345678", 1),
            (Subject::MarketPartner, "9903323000007", 0),
            (Subject::MarketPartner, "9903323000008", 1),
            (Subject::Obis, "1-1:1.8.0", 0),
            (Subject::Obis, "1.8.0", 1),
            (Subject::Email, "erika@example.com", 0),
            (Subject::Email, "erika@localhost", 1),
        ] {
            assert_eq!(check(subject, value).unwrap().warnings.len(), warnings, "{} {value}", subject.as_str());
        }
    }
}
