//! The customer and contract of the public API's documentation, field by field, contradictions included: the contract
//! names customer 123, the customer calls itself 83771, and both numbers lead to the same record.

use rust_decimal::Decimal;

use super::{
    model::{Address, Contract, Customer, Energy, Id, Status, Tag},
    world::day,
};

/// Customer 83771, also known as 123.
pub(super) fn customer() -> Customer {
    Customer {
        id: Id::Number(83771),
        alias: Some(Id::Number(123)),
        business: false,
        company: None,
        salutation: None,
        firstname: Some("Tom".to_owned()),
        lastname: Some("Mustermann".to_owned()),
        birthday: None,
        email: Some("tom@mustermann.de".to_owned()),
        phone: Some("+49123456789".to_owned()),
        address: Address { street: "Hugo-Junkers-Str. 5".to_owned(), place: None },
        billing_address: None,
        tags: vec![Tag { id: 2, color: "green", name: "VIP" }],
        contract_ids: vec![Id::Number(746_839)],
        documented_keys_only: true,
    }
}

/// Contract 746839.
pub(super) fn contract() -> Contract {
    Contract {
        id: Id::Number(746_839),
        customer_id: Id::Number(123),
        order_id: 123,
        signup: day(2022, 8, 22),
        start: day(2022, 9, 1),
        end: None,
        status: Status::Active,
        energy: Energy::Electricity,
        business: false,
        company: None,
        firstname: Some("John".to_owned()),
        lastname: Some("Doe".to_owned()),
        email: Some("johndoe@example.com".to_owned()),
        phone: Some("+491721041689".to_owned()),
        delivery: address("Hugo-Junkers-Str. 5", "82031", "Grünwald"),
        billing: Some(address("Rechnungssstraße 24", "10587", "Berlin")),
        iban: Some("DE89370400440532013000".to_owned()),
        monthly_deposit: Decimal::from(53),
        unpaid_debt: Decimal::new(10_921, 2),
        vat_rate: Decimal::new(9, 2),
        base_price: Decimal::new(9, 2),
        working_price: Decimal::new(9, 2),
        consumption: 3477,
        meter_number: "1ESY1160669167".to_owned(),
        market_location: None,
        product_id: 1,
        product_name: "Flex 24",
        product_code: "flx_24",
        campaign_id: 1,
        sales_channel_id: 1,
        grid_operator_name: "E.ON Bayern AG".to_owned(),
        grid_operator_code: 1_000_000_000_000,
        register: None,
        preview: vec![("Tarif", "Flex 24".to_owned(), Some("AP: 28.5 ct/kWh\nGP: 149.88 €/Jahr".to_owned()))],
        preview_url: Some("https://erp.example.com/contract/123".to_owned()),
        erp_url: "https://erp-system.com/contract/123".to_owned(),
        documented_keys_only: true,
    }
}

fn address(street: &str, zip: &str, city: &str) -> Address {
    Address { street: street.to_owned(), place: Some((zip.to_owned(), city.to_owned())) }
}
