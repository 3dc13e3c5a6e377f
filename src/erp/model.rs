//! Contract and customer in the form the API answers with (`contract/customer-contract.md`).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{
    ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, OneOfBuilder, Schema, Type},
    },
};

use super::{Amount, ErpId};

/// A supply contract. Fields that the ERP does not know are null; keys that this model does not know are kept in
/// [`Contract::extra`] and passed through.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Contract {
    /// Contract number.
    pub id: ErpId,
    /// Number of the order that led to the contract.
    #[serde(default)]
    #[schema(examples(123))]
    pub order_id: Option<i64>,
    /// Brand or client inside the ERP.
    #[serde(default)]
    pub tenant: Option<String>,
    /// Customer the contract belongs to; null in the ERP's answer makes a contract without a customer.
    #[serde(default)]
    pub customer_id: Option<ErpId>,
    /// Unix seconds, 00:00 UTC of the day the contract was signed.
    #[serde(default)]
    #[schema(examples(1_661_126_400))]
    pub signup_date: Option<i64>,
    /// Normalised state, such as `active`.
    #[serde(default)]
    #[schema(examples("active"))]
    pub status: Option<String>,
    /// The ERP's numeric state.
    #[serde(default)]
    #[schema(examples(5_000))]
    pub status_code: Option<i64>,
    /// Text of the numeric state.
    #[serde(default)]
    #[schema(examples("active"))]
    pub status_code_title: Option<String>,
    /// `electricity` or `gas`; other commodities are null.
    #[serde(default)]
    #[schema(examples("electricity"))]
    pub energy: Option<String>,
    /// 1 electricity, 2 gas.
    #[serde(default)]
    #[schema(examples(1))]
    pub energy_type_id: Option<i64>,
    /// The ERP's finer commodity id.
    #[serde(default)]
    #[schema(examples(1))]
    pub energy_sub_type_id: Option<i64>,
    /// E-mail address on record for the contract.
    #[serde(default)]
    #[schema(examples("johndoe@example.com"))]
    pub email: Option<String>,
    /// First name of the contract partner.
    #[serde(default)]
    #[schema(examples("John"))]
    pub firstname: Option<String>,
    /// Last name of the contract partner.
    #[serde(default)]
    #[schema(examples("Doe"))]
    pub lastname: Option<String>,
    /// `Street 12a, 01067 City`.
    #[serde(default)]
    #[schema(examples("Hugo-Junkers-Str. 5, 82031 Grünwald"))]
    pub delivery_address: Option<String>,
    /// Bank account the deposits are taken from.
    #[serde(default)]
    #[schema(examples("DE89370400440532013000"))]
    pub iban: Option<String>,
    /// EUR a month.
    #[serde(default)]
    pub monthly_deposit: Option<Amount>,
    /// Unix seconds, 00:00 UTC of the first day of supply.
    #[serde(default)]
    #[schema(examples(1_661_990_400))]
    pub start_date: Option<i64>,
    /// Unix seconds, 00:00 UTC of the last day of supply; null = open end.
    #[serde(default)]
    pub end_date: Option<i64>,
    /// kWh a year.
    #[serde(default)]
    pub consumption: Option<Amount>,
    /// Meter number.
    #[serde(default)]
    #[schema(examples("1ESY1160669167"))]
    pub counter_number: Option<String>,
    /// The ERP's product id.
    #[serde(default)]
    #[schema(examples(1))]
    pub product_id: Option<i64>,
    /// Name of the tariff.
    #[serde(default)]
    #[schema(examples("Flex 24"))]
    pub product_name: Option<String>,
    /// Code of the tariff.
    #[serde(default)]
    #[schema(examples("flx_24"))]
    pub product_code: Option<String>,
    /// Campaign the contract came from.
    #[serde(default)]
    #[schema(examples(1))]
    pub campaign_id: Option<i64>,
    /// Sales channel the contract came from.
    #[serde(default)]
    #[schema(examples(1))]
    pub sales_channel_id: Option<i64>,
    /// EUR due and not paid.
    #[serde(default)]
    pub unpaid_debt: Option<Amount>,
    /// VAT as a fraction (0.19).
    #[serde(default)]
    pub vat_rate: Option<Amount>,
    /// EUR a year.
    #[serde(default)]
    pub base_price: Option<Amount>,
    /// ct/kWh.
    #[serde(default)]
    pub working_price: Option<Amount>,
    /// Null = same as the delivery address.
    #[serde(default)]
    #[schema(examples("Rechnungssstraße 24, 10587 Berlin"))]
    pub billing_address: Option<String>,
    /// Whether the contract partner is a business.
    #[serde(default)]
    #[schema(examples(false))]
    pub business: bool,
    /// Digits with country code as a number where the ERP's text is a phone number, else its text.
    #[serde(default)]
    #[schema(schema_with = phone_schema)]
    pub phone: Option<Value>,
    /// Name of the grid operator.
    #[serde(default)]
    #[schema(examples("E.ON Bayern AG"))]
    pub grid_operator_name: Option<String>,
    /// 13-digit market partner code.
    #[serde(default)]
    #[schema(schema_with = grid_operator_code_schema)]
    pub grid_operator_code: Option<Value>,
    /// Registers of the meter, as the ERP describes them.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    pub registers: Vec<Value>,
    /// Links into the ERP's own screens.
    #[serde(default)]
    pub erp_urls: Vec<ErpUrl>,
    /// The upstream answer, only when asked for.
    #[serde(default)]
    #[schema(value_type = Option<Value>)]
    pub raw_data: Option<Value>,
    /// Lines an agent sees beside a ticket.
    #[serde(default)]
    pub agent_preview: Vec<PreviewLine>,
    /// Colour and icon of the contract's tab.
    #[serde(default)]
    pub tab_preview: Option<TabPreview>,
    /// Further keys of the ERP, passed through (`company`, `zip`, custom keys).
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A customer with the contracts that belong to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// Customer number.
    pub id: ErpId,
    /// Whether the sender of a ticket is on record; null unless the customer was looked up by ticket.
    pub email_matches: Option<bool>,
    /// Whether the customer is a business.
    #[schema(examples(false))]
    pub business: bool,
    /// Null exactly for private persons.
    pub company: Option<String>,
    /// First name.
    #[schema(examples("Tom"))]
    pub firstname: Option<String>,
    /// Null only for a business.
    #[schema(examples("Mustermann"))]
    pub lastname: Option<String>,
    /// Address as the ERP formats it.
    #[schema(examples("Hugo-Junkers-Str. 5"))]
    pub address: Option<String>,
    /// Digits with country code as a number where the ERP's text is a phone number, else its text.
    #[schema(schema_with = phone_schema)]
    pub phone: Option<Value>,
    /// E-mail address on record.
    #[schema(examples("tom@mustermann.de"))]
    pub email: Option<String>,
    /// Tags of the customer.
    pub tags: Vec<CompactTag>,
    /// Contracts of the customer, filled by the look-up.
    pub contracts: Vec<Contract>,
    /// Further keys of the ERP.
    #[schema(value_type = Object)]
    pub additional_data: Map<String, Value>,
    /// Ids of the contracts as the ERP lists them, until [`Self::contracts`] is filled; absent from the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(ignore)]
    pub contract_ids: Vec<ErpId>,
}

/// A tag as it stands inside other objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CompactTag {
    /// Tag id.
    #[schema(examples(2))]
    pub id: i64,
    /// One of the tag colours.
    #[schema(examples("green"))]
    pub color: String,
    /// Name shown to people.
    #[schema(examples("VIP"))]
    pub name: String,
}

/// A link into the ERP's own screens. ERPs send `icon`, the API calls it `logo`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErpUrl {
    /// Where the link leads.
    #[schema(examples("https://erp-system.com/contract/123"))]
    pub url: String,
    /// Name or path of the picture.
    #[serde(alias = "icon", default)]
    #[schema(examples("powercloud"))]
    pub logo: Option<String>,
}

/// One line of the preview beside a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PreviewLine {
    /// What the value is.
    #[schema(examples("Tarif"))]
    pub label: String,
    /// The value, already formatted.
    #[schema(examples("Flex 24"))]
    pub value: String,
    /// Longer text shown on hover.
    #[serde(default)]
    #[schema(examples("AP: 28.5 ct/kWh\nGP: 149.88 €/Jahr"))]
    pub tooltip: Option<String>,
    /// Where a click leads.
    #[serde(default)]
    #[schema(examples("https://erp.example.com/contract/123"))]
    pub url: Option<String>,
    /// Kind of the value where the ERP names one (`string`).
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    #[schema(examples("string"))]
    pub kind: Option<String>,
}

/// Colour and icon of a contract's tab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TabPreview {
    /// Colour name.
    #[schema(examples("green"))]
    pub color: String,
    /// Icon name.
    #[schema(examples("electricity"))]
    pub icon: String,
}

fn phone_schema() -> RefOr<Schema> {
    number_or_text("Digits with country code, or the ERP's text where it is no phone number.", 491_721_041_689)
}

fn grid_operator_code_schema() -> RefOr<Schema> {
    number_or_text("Market partner code, as a number where the ERP's text is one.", 1_000_000_000_000)
}

fn number_or_text(description: &str, example: i64) -> RefOr<Schema> {
    OneOfBuilder::new()
        .description(Some(description))
        .item(ObjectBuilder::new().schema_type(Type::Number))
        .item(ObjectBuilder::new().schema_type(Type::String))
        .item(ObjectBuilder::new().schema_type(Type::Null))
        .examples([serde_json::json!(example)])
        .into()
}

#[cfg(test)]
mod tests {
    use utoipa::PartialSchema;

    use super::*;

    #[test]
    fn the_schema_lets_further_keys_pass() {
        let schema = serde_json::to_value(Contract::schema()).unwrap();
        assert_eq!(schema["additionalProperties"]["type"], serde_json::Value::Null, "any further key is fine");
        assert_ne!(schema["additionalProperties"], serde_json::json!(false));
        assert!(schema["properties"].get("extra").is_none());
        let required: Vec<_> = schema["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(required.contains(&"id") && !required.contains(&"phone"), "{required:?}");
        assert_eq!(schema["properties"]["phone"]["oneOf"].as_array().unwrap().len(), 3);
        assert_eq!(schema["properties"]["registers"]["items"]["type"], "object");
    }
}
