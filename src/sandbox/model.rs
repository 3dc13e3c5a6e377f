//! What the fictional world is made of, in no protocol's terms: a second ERP dialect maps the same things differently.

use std::fmt;

use chrono::NaiveDate;
use rust_decimal::Decimal;

/// An id in the form the fictional ERP keeps it. Two ids are the same when their text is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Id {
    /// A number, shown as a JSON number.
    Number(i64),
    /// A text such as `VN-00017`.
    Text(String),
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// Commodity of a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Energy {
    /// Electricity.
    Electricity,
    /// Natural gas.
    Gas,
}

/// Where a contract stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Ordered, supply begins later.
    Pending,
    /// In supply.
    Active,
    /// Cancelled, still in supply until the end date.
    Terminating,
    /// Supply has ended.
    Ended,
}

/// A postal address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Street with house number.
    pub street: String,
    /// Postal code and city; the demo customer's record has none.
    pub place: Option<(String, String)>,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some((zip, city)) => write!(f, "{}, {zip} {city}", self.street),
            None => f.write_str(&self.street),
        }
    }
}

/// A tag the ERP keeps on a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Tag id.
    pub id: i64,
    /// Colour name.
    pub color: &'static str,
    /// Name shown to people.
    pub name: &'static str,
}

/// A person or business with at least one contract.
#[derive(Clone, Debug)]
pub struct Customer {
    /// Customer number.
    pub id: Id,
    /// Another number that leads to the same customer.
    pub alias: Option<Id>,
    /// Whether this is a business.
    pub business: bool,
    /// Name of the business; none exactly for private persons.
    pub company: Option<String>,
    /// `Frau` or `Herr`.
    pub salutation: Option<&'static str>,
    /// First name of the person, or of the business's contact.
    pub firstname: Option<String>,
    /// Last name; none only for a business without a named contact.
    pub lastname: Option<String>,
    /// Birthday of a private person.
    pub birthday: Option<NaiveDate>,
    /// E-mail address.
    pub email: Option<String>,
    /// Phone number, `+49…`.
    pub phone: Option<String>,
    /// Where the customer lives.
    pub address: Address,
    /// Where letters go when not to [`Self::address`].
    pub billing_address: Option<Address>,
    /// Tags.
    pub tags: Vec<Tag>,
    /// Contracts, oldest first, never empty.
    pub contract_ids: Vec<Id>,
    /// The record has no keys beyond the documented ones. Set for the demo, whose documented answer shows none.
    pub documented_keys_only: bool,
}

/// One supply contract.
#[derive(Clone, Debug)]
pub struct Contract {
    /// Contract number.
    pub id: Id,
    /// The customer's number as the contract names it; [`Customer::alias`] for the demo.
    pub customer_id: Id,
    /// Order number.
    pub order_id: i64,
    /// Day of the signature.
    pub signup: NaiveDate,
    /// First day of supply.
    pub start: NaiveDate,
    /// Last day of supply.
    pub end: Option<NaiveDate>,
    /// State.
    pub status: Status,
    /// Commodity.
    pub energy: Energy,
    /// Whether the contract partner is a business.
    pub business: bool,
    /// Name of the business.
    pub company: Option<String>,
    /// First name of the contract partner.
    pub firstname: Option<String>,
    /// Last name of the contract partner.
    pub lastname: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Phone number, `+49…`.
    pub phone: Option<String>,
    /// Where the energy goes.
    pub delivery: Address,
    /// Where bills go when not to [`Self::delivery`].
    pub billing: Option<Address>,
    /// Bank account; none when the customer transfers.
    pub iban: Option<String>,
    /// EUR a month.
    pub monthly_deposit: Decimal,
    /// EUR due and not paid.
    pub unpaid_debt: Decimal,
    /// Fraction.
    pub vat_rate: Decimal,
    /// EUR a year, with VAT.
    pub base_price: Decimal,
    /// ct/kWh, with VAT.
    pub working_price: Decimal,
    /// kWh a year.
    pub consumption: i64,
    /// Meter number.
    pub meter_number: String,
    /// Market location; the demo's record has none.
    pub market_location: Option<String>,
    /// Id of the tariff.
    pub product_id: i64,
    /// Name of the tariff.
    pub product_name: &'static str,
    /// Code of the tariff.
    pub product_code: &'static str,
    /// Campaign.
    pub campaign_id: i64,
    /// Sales channel.
    pub sales_channel_id: i64,
    /// Name of the grid operator.
    pub grid_operator_name: String,
    /// Code of the grid operator, 13 digits.
    pub grid_operator_code: i64,
    /// The register of the meter; none when the record lists a register without facts.
    pub register: Option<Register>,
    /// Lines an agent sees: label, value, hover text.
    pub preview: Vec<(&'static str, String, Option<String>)>,
    /// Where the preview's tariff line leads.
    pub preview_url: Option<String>,
    /// Page of the contract in the ERP.
    pub erp_url: String,
    /// The record has no keys beyond the documented ones, see [`Customer::documented_keys_only`].
    pub documented_keys_only: bool,
}

/// A register of a meter with its last reading.
#[derive(Clone, Debug)]
pub struct Register {
    /// OBIS number.
    pub obis: &'static str,
    /// Unit of the readings.
    pub unit: &'static str,
    /// Last reading.
    pub reading: Decimal,
    /// Day of the last reading.
    pub read_on: NaiveDate,
}
