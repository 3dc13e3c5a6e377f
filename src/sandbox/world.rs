//! The fictional world: some three hundred customers with some four hundred contracts, the same ones at every start.
//!
//! Facts come from running numbers and dice with a fixed seed. Ids, meter numbers and addresses may be written into
//! documentation and tests, so a change of this file that moves them is a breaking one. Names are invented; phone
//! numbers lie in the ranges that the Bundesnetzagentur reserves for fiction, e-mail addresses in reserved domains, and
//! bank codes in clearing area 9, which no bank has.

use std::collections::HashMap;

use chrono::{Days, Months, NaiveDate};

use super::{
    demo,
    model::{Address, Contract, Customer, Id, Tag},
    names::{COMPANIES, FIRSTNAMES, LASTNAMES, PLACES, STREETS},
    search::{fold, haystack},
    supply::{self, Numbers},
};

/// Generated customers; the demo customer comes on top.
const CUSTOMERS: i64 = 300;

/// Mobile numbers reserved for fiction: two blocks of a hundred.
const MOBILES: [&str; 2] = ["+4917139200", "+49176040690"];

/// Customers and contracts with their indexes.
#[derive(Debug)]
pub struct World {
    customers: Vec<Customer>,
    contracts: Vec<Contract>,
    haystacks: Vec<String>,
    customer_by_id: HashMap<String, usize>,
    contract_by_id: HashMap<String, usize>,
}

impl World {
    /// Makes the world; always the same one.
    pub fn build() -> Self {
        let mut customers = vec![demo::customer()];
        let mut contracts = vec![demo::contract()];
        let mut numbers = Numbers::default();
        let mut mobiles = 0;
        for n in 1..=CUSTOMERS {
            let mut dice = Dice(u64::try_from(n).unwrap_or_default());
            let mut customer = person(n, &mut dice, customers.last());
            customer.phone = phone(n, &customer.address, &mut mobiles);
            let signed = supply::contracts(n, &customer, &mut dice, &mut numbers);
            customer.contract_ids = signed.iter().map(|contract| contract.id.clone()).collect();
            contracts.extend(signed);
            customers.push(customer);
        }
        make_emails_unique(&mut customers, &mut contracts);
        Self::index(customers, contracts)
    }

    fn index(customers: Vec<Customer>, contracts: Vec<Contract>) -> Self {
        let contract_by_id: HashMap<_, _> = contracts.iter().enumerate().map(|(at, contract)| (contract.id.to_string(), at)).collect();
        let mut customer_by_id = HashMap::new();
        for (at, customer) in customers.iter().enumerate() {
            for id in std::iter::once(&customer.id).chain(&customer.alias) {
                customer_by_id.insert(id.to_string(), at);
            }
        }
        let haystacks = customers
            .iter()
            .map(|customer| {
                let own = customer.contract_ids.iter().filter_map(|id| contract_by_id.get(&id.to_string())).map(|at| &contracts[*at]);
                haystack(customer, own)
            })
            .collect();
        Self { customers, contracts, haystacks, customer_by_id, contract_by_id }
    }

    /// Every customer, the demo first.
    pub fn customers(&self) -> &[Customer] {
        &self.customers
    }

    /// Every contract, the demo first.
    pub fn contracts(&self) -> &[Contract] {
        &self.contracts
    }

    /// The customer with this number or alias.
    pub fn customer(&self, id: &str) -> Option<&Customer> {
        self.customer_by_id.get(id.trim()).map(|at| &self.customers[*at])
    }

    /// The contract with this number.
    pub fn contract(&self, id: &str) -> Option<&Contract> {
        self.contract_by_id.get(id.trim()).map(|at| &self.contracts[*at])
    }

    /// Each customer with the folded text that a free-text search looks through.
    pub(super) fn searchable(&self) -> impl Iterator<Item = (&Customer, &str)> {
        self.customers.iter().zip(self.haystacks.iter().map(String::as_str))
    }
}

/// Small fixed generator (SplitMix64): a library's may change its sequence between versions.
#[derive(Debug)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// A number from 0 to below `sides`.
    pub(super) fn roll(&mut self, sides: u32) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        i64::try_from(mixed % u64::from(sides)).unwrap_or_default()
    }

    /// One of the list.
    pub(super) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        let at = self.roll(u32::try_from(list.len()).unwrap_or(1));
        &list[usize::try_from(at).unwrap_or_default()]
    }
}

/// A day of the proleptic calendar; for the constants of this world only, years from 1970.
pub(super) fn day(year: u32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::default() + Months::new((year - 1970) * 12 + month - 1) + Days::new(u64::from(day - 1))
}

/// An address somewhere.
pub(super) fn address(dice: &mut Dice) -> Address {
    let place = dice.pick(&PLACES);
    let letter = if dice.roll(6) == 0 { *dice.pick(&["a", "b", "c"]) } else { "" };
    Address {
        street: format!("{} {}{letter}", dice.pick(&STREETS), 1 + dice.roll(140)),
        place: Some((place.zip.to_owned(), place.city.to_owned())),
    }
}

fn person(n: i64, dice: &mut Dice, previous: Option<&Customer>) -> Customer {
    // The smaller of two rolls makes the frequent names of the list's head frequent here too.
    let name_at = dice.roll(64).min(dice.roll(64));
    let mut lastname = LASTNAMES[usize::try_from(name_at).unwrap_or_default()].to_owned();
    let (firstname, salutation) = *dice.pick(&FIRSTNAMES);
    let business = n % 9 == 4;
    let mut address = address(dice);
    let domain = dice.pick(&["example.com", "example.org", "example.net", "post.invalid"]);
    let mut email = Some(format!("{}.{}@{domain}", mailbox(firstname), mailbox(&lastname)));
    // A second contract partner of one household: same name, address and mailbox, so searches stay ambiguous.
    if n % 50 == 33
        && let Some(partner) = previous
    {
        lastname = partner.lastname.clone().unwrap_or(lastname);
        address = partner.address.clone();
        email.clone_from(&partner.email);
    }
    let company = business.then(|| dice.pick(&COMPANIES).replace("{}", &lastname));
    if business {
        email = Some(format!("info@{}.{}", mailbox(company.as_deref().unwrap_or_default()), dice.pick(&["example.com", "invalid"])));
    }
    let has_contact = !business || n % 2 == 0;
    let billing_address = (n % 11 == 6).then(|| self::address(dice));
    Customer {
        id: match n % 3 {
            0 => Id::Number(200_000 + 37 * n),
            1 => Id::Text(format!("C-{}", 100_000 + n)),
            _ => Id::Text(format!("K{:07}", 40_000 + 3 * n)),
        },
        alias: None,
        business,
        company,
        salutation: has_contact.then_some(salutation),
        firstname: has_contact.then(|| firstname.to_owned()),
        lastname: has_contact.then_some(lastname),
        birthday: (!business).then(|| {
            let months = u32::try_from(dice.roll(12 * 60)).unwrap_or_default();
            day(2005, 1, 1) - Months::new(months) + Days::new(u64::try_from(dice.roll(28)).unwrap_or_default())
        }),
        email: email.filter(|_| n != 42),
        phone: None,
        address,
        billing_address,
        tags: if n % 60 == 24 { vec![Tag { id: 2, color: "green", name: "VIP" }] } else { Vec::new() },
        contract_ids: Vec::new(),
        documented_keys_only: false,
    }
}

/// Landline numbers where the customer's city has reserved ones, else a mobile number while there are some.
fn phone(n: i64, address: &Address, mobiles: &mut usize) -> Option<String> {
    if n % 16 == 9 {
        return None;
    }
    let city = address.place.as_ref().map(|(_, city)| city.as_str());
    let block = match city {
        Some("Berlin") => "+493023125",
        Some("Hamburg") => "+494066969",
        Some("München") => "+498999998",
        Some("Köln") => "+492214710",
        Some("Frankfurt am Main") => "+496990009",
        _ => {
            let number = *mobiles;
            *mobiles += 1;
            return MOBILES.get(number / 100).map(|block| format!("{block}{:02}", number % 100));
        }
    };
    Some(format!("{block}{:03}", (n * 7) % 1000))
}

fn mailbox(name: &str) -> String {
    fold(name).split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

/// Two strangers of the same name cannot share a mailbox; the households made in [`person`] can.
fn make_emails_unique(customers: &mut [Customer], contracts: &mut [Contract]) {
    let mut owners: HashMap<String, (String, usize)> = HashMap::new();
    for customer in customers {
        let Some(email) = customer.email.clone() else { continue };
        let home = customer.address.to_string();
        let (owner, uses) = owners.entry(email.clone()).or_insert_with(|| (home.clone(), 1));
        if *owner == home {
            continue;
        }
        *uses += 1;
        let (name, domain) = email.split_once('@').unwrap_or((&email, "example.com"));
        customer.email = Some(format!("{name}{uses}@{domain}"));
        for contract in contracts.iter_mut().filter(|contract| contract.customer_id == customer.id) {
            contract.email.clone_from(&customer.email);
        }
    }
}
