//! Contracts of the fictional customers: who has how many, and figures that fit each other.

use chrono::{Days, Months, NaiveDate};
use rust_decimal::Decimal;

use super::{
    check_digits::{iban, with_market_check_digit},
    model::{Address, Contract, Customer, Energy, Id, Register, Status},
    names::{GRIDS, PLACES, PRODUCTS, Product},
    world::{Dice, address, day},
};

/// Running numbers over the whole world.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    contracts: i64,
    meters: i64,
}

/// A place with a meter: what stays when a contract ends and another begins.
struct Point {
    address: Address,
    energy: Energy,
    meter_number: String,
    market_location: String,
    consumption: i64,
}

/// One period of supply.
struct Period {
    start: NaiveDate,
    end: Option<NaiveDate>,
    status: Status,
}

/// The contracts of customer `n`, oldest first. One to three; the mix repeats every twenty customers.
pub(super) fn contracts(n: i64, customer: &Customer, dice: &mut Dice, numbers: &mut Numbers) -> Vec<Contract> {
    use Energy::{Electricity, Gas};

    let home = customer.address.clone();
    let mut point = |energy, place: &Address, dice: &mut Dice| point(energy, place.clone(), customer.business, dice, numbers);
    let mut supplies = Vec::new();
    match n % 20 {
        // Electricity and gas in one home.
        0 | 10 => {
            supplies.push((point(Electricity, &home, dice), active(dice)));
            supplies.push((point(Gas, &home, dice), active(dice)));
        }
        // Moved house.
        5 => {
            let former = address(dice);
            let past = ended(dice);
            let next = following(&past);
            supplies.push((point(Electricity, &former, dice), past));
            supplies.push((point(Electricity, &home, dice), next));
        }
        // New tariff on the same meter.
        14 => {
            let past = ended(dice);
            let next = following(&past);
            let first = point(Electricity, &home, dice);
            let second = Point {
                address: first.address.clone(),
                meter_number: first.meter_number.clone(),
                market_location: first.market_location.clone(),
                ..first
            };
            supplies.push((first, past));
            supplies.push((second, next));
        }
        // A second place.
        15 => {
            supplies.push((point(Electricity, &home, dice), active(dice)));
            let second = address(dice);
            supplies.push((point(Electricity, &second, dice), active(dice)));
        }
        // Left with the gas, stayed with the electricity.
        3 => {
            supplies.push((point(Gas, &home, dice), ended(dice)));
            supplies.push((point(Electricity, &home, dice), active(dice)));
        }
        7 => supplies.push((point(Electricity, &home, dice), ended(dice))),
        12 => supplies.push((point(Gas, &home, dice), active(dice))),
        17 => {
            let period = Period { end: Some(day(2028, 6, 30)), status: Status::Terminating, ..active(dice) };
            supplies.push((point(Electricity, &home, dice), period));
        }
        18 => {
            let period = Period { start: day(2028, 1, 1), end: None, status: Status::Pending };
            supplies.push((point(Electricity, &home, dice), period));
        }
        _ => supplies.push((point(Electricity, &home, dice), active(dice))),
    }
    // Branches of a business.
    if n % 45 == 4 {
        for _ in 0..2 {
            let branch = address(dice);
            supplies.push((point(Electricity, &branch, dice), active(dice)));
        }
    }
    let iban = (n % 7 != 3).then(|| iban(90_010_000 + 1000 * (n.unsigned_abs() % 7), 1_000_000 + 9_973 * n.unsigned_abs()));
    supplies
        .into_iter()
        .map(|(point, period)| {
            numbers.contracts += 1;
            contract(numbers.contracts, customer, point, &period, iban.clone(), dice)
        })
        .collect()
}

fn point(energy: Energy, address: Address, business: bool, dice: &mut Dice, numbers: &mut Numbers) -> Point {
    numbers.meters += 1;
    let running = numbers.meters;
    let (maker, market) = match energy {
        Energy::Electricity => (*dice.pick(&["1ESY", "1EMH"]), 5),
        Energy::Gas => ("7GMT", 2),
    };
    let household = match energy {
        Energy::Electricity => 900 + 850 * dice.roll(5) + dice.roll(600),
        Energy::Gas => 6_000 + dice.roll(18_000),
    };
    Point {
        address,
        energy,
        meter_number: format!("{maker}{:010}", 1_170_000_000 + 7_919 * running),
        market_location: with_market_check_digit(&format!("{market}{:09}", 100_300_000 + 104_729 * running)),
        consumption: if business { household * 4 } else { household },
    }
}

fn active(dice: &mut Dice) -> Period {
    Period { start: some_first(dice, 2016, 10), end: None, status: Status::Active }
}

fn ended(dice: &mut Dice) -> Period {
    let start = some_first(dice, 2015, 7);
    let months = u32::try_from(12 + dice.roll(25)).unwrap_or(12);
    Period { start, end: Some(start + Months::new(months) - Days::new(1)), status: Status::Ended }
}

/// Supply goes on the day after.
fn following(past: &Period) -> Period {
    Period { start: past.end.unwrap_or(past.start) + Days::new(1), end: None, status: Status::Active }
}

fn some_first(dice: &mut Dice, from_year: u32, years: u32) -> NaiveDate {
    day(from_year, 1, 1) + Months::new(u32::try_from(dice.roll(years * 12)).unwrap_or_default())
}

fn contract(running: i64, customer: &Customer, point: Point, period: &Period, iban: Option<String>, dice: &mut Dice) -> Contract {
    let product = product(point.energy, customer.business, dice);
    let working_price = Decimal::new(product.working_price, 2);
    let base_price = Decimal::new(product.base_price, 2);
    let yearly = Decimal::from(point.consumption) * working_price / Decimal::ONE_HUNDRED + base_price;
    let monthly_deposit = (yearly / Decimal::from(12)).round() + Decimal::from(dice.roll(7) - 2);
    let unpaid_debt = if running % 8 == 2 { Decimal::new(1_900 + dice.roll(40_000), 2) } else { Decimal::ZERO };
    let id = if running % 2 == 0 { Id::Text(format!("VN-{running:05}")) } else { Id::Number(750_000 + 11 * running) };
    let (grid_operator_name, grid_operator_code) = grid(&point.address);
    let delivered_to = customer.billing_address.as_ref().unwrap_or(&customer.address);
    Contract {
        customer_id: customer.id.clone(),
        order_id: 410_000 + 3 * running,
        signup: period.start - Days::new(u64::try_from(20 + dice.roll(40)).unwrap_or_default()),
        start: period.start,
        end: period.end,
        status: period.status,
        energy: point.energy,
        business: customer.business,
        company: customer.company.clone(),
        firstname: customer.firstname.clone(),
        lastname: customer.lastname.clone(),
        email: customer.email.clone(),
        phone: customer.phone.clone(),
        billing: (*delivered_to != point.address).then(|| delivered_to.clone()),
        delivery: point.address,
        iban,
        monthly_deposit,
        unpaid_debt,
        vat_rate: vat_rate(point.energy, period.end),
        base_price,
        working_price,
        consumption: point.consumption,
        register: Some(register(point.energy, point.consumption, period)),
        market_location: Some(point.market_location),
        product_id: product.id,
        product_name: product.name,
        product_code: product.code,
        campaign_id: 1 + dice.roll(14),
        sales_channel_id: 1 + dice.roll(4),
        grid_operator_name,
        grid_operator_code,
        preview: vec![
            ("Tarif", product.name.to_owned(), Some(format!("AP: {} ct/kWh\nGP: {base_price} €/Jahr", working_price.normalize()))),
            ("Abschlag", format!("{monthly_deposit} €"), None),
            ("Verbrauch", format!("{} kWh", point.consumption), Some("Prognose für ein Jahr".to_owned())),
            ("Zähler", point.meter_number.clone(), None),
        ],
        meter_number: point.meter_number,
        preview_url: None,
        erp_url: format!("https://erp.example.com/contract/{id}"),
        id,
        documented_keys_only: false,
    }
}

/// A tariff for the commodity; the last one of each is for businesses only.
fn product(energy: Energy, business: bool, dice: &mut Dice) -> &'static Product {
    let matching: Vec<&'static Product> =
        PRODUCTS.iter().filter(|product| product.energy == energy && product.code.starts_with("gew_") == business).collect();
    matching.get(usize::try_from(dice.roll(60)).unwrap_or_default() % matching.len().max(1)).copied().unwrap_or(&PRODUCTS[0])
}

/// 7 % held for gas supplied from October 2022 to March 2024, 19 % before and since.
fn vat_rate(energy: Energy, end: Option<NaiveDate>) -> Decimal {
    let reduced = energy == Energy::Gas && end.is_some_and(|end| end >= day(2022, 10, 1) && end <= day(2024, 3, 31));
    Decimal::new(if reduced { 7 } else { 19 }, 2)
}

fn grid(address: &Address) -> (String, i64) {
    let zip = address.place.as_ref().map(|(zip, _)| zip.as_str());
    let at = PLACES.iter().find(|place| Some(place.zip) == zip).map_or(0, |place| place.grid);
    let (name, digits) = GRIDS[at];
    (name.to_owned(), with_market_check_digit(digits).parse().unwrap_or_default())
}

fn register(energy: Energy, consumption: i64, period: &Period) -> Register {
    let read_on = match period.status {
        Status::Pending => period.start,
        Status::Ended => period.end.unwrap_or(period.start),
        Status::Active | Status::Terminating => day(2025, 12, 31),
    };
    let supplied_days = (read_on - period.start).num_days().max(0);
    // Gas meters count cubic metres, about a tenth of the kWh.
    let (obis, unit, scale) = match energy {
        Energy::Electricity => ("1-1:1.8.0", "kWh", 1),
        Energy::Gas => ("7-20:3.0.0", "m³", 2),
    };
    Register { obis, unit, reading: Decimal::new(consumption * supplied_days * 10 / 365, scale), read_on }
}
