//! Who writes: a person of the sandbox's fictional world with that world's numbers, or one composed of its names.

use chrono::{DateTime, Datelike as _, Days, Months, Utc};
use chrono_tz::Europe::Berlin;
use rand::{RngExt as _, seq::IndexedRandom as _};

use super::Draw;
use crate::sandbox::{
    check_digits::iban,
    model::{Contract, Customer},
    names::{COMPANIES, FIRSTNAMES, LASTNAMES, PLACES, PRODUCTS, STREETS},
    world::World,
};

const MONTHS: [&str; 12] =
    ["Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"];
const MONTHS_ENGLISH: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/// Everybody who can write.
#[derive(Debug)]
pub(super) struct People {
    world: World,
}

impl People {
    /// The fictional world, built once.
    pub(super) fn new() -> Self {
        Self { world: World::build() }
    }

    /// Somebody: three of ten are customers of the sandbox, so that a ticket leads to a contract there.
    pub(super) fn draw(&self, written_at: DateTime<Utc>, english: bool, dice: &mut Draw) -> Writer {
        let customer = if dice.random_bool(0.3) { self.world.customers().choose(dice) } else { None };
        let contract = customer.and_then(|customer| self.world.contract(&customer.contract_ids.choose(dice)?.to_string()));
        let mut writer = composed(dice);
        writer.facts = Facts::draw(written_at, english, dice);
        if let (Some(customer), Some(contract)) = (customer, contract) {
            writer.is_now(customer, contract);
        }
        writer
    }
}

/// Who writes, and the numbers they mention.
#[derive(Debug)]
pub(super) struct Writer {
    /// First and last name.
    pub(super) name: String,
    /// Name of a business, for those that write for one.
    pub(super) company: Option<String>,
    /// E-mail address.
    pub(super) email: String,
    /// Phone number, `+49…`.
    pub(super) phone: String,
    /// Street and number, postal code and city.
    pub(super) address: (String, String),
    /// Contract number.
    pub(super) contract: String,
    /// Customer number.
    pub(super) customer: String,
    meter: String,
    iban: String,
    product: &'static str,
    new_address: String,
    facts: Facts,
}

/// What a message mentions besides its writer.
#[derive(Debug, Default)]
struct Facts {
    date: String,
    month: &'static str,
    year: i32,
    amount: String,
    reading: String,
}

impl Facts {
    fn draw(written_at: DateTime<Utc>, english: bool, dice: &mut Draw) -> Self {
        let today = written_at.with_timezone(&Berlin).date_naive();
        let day = today + Days::new(dice.random_range(0..45)) - Days::new(dice.random_range(0..40));
        let month = (today + Months::new(dice.random_range(0..3))).month0() as usize;
        let cents = dice.random_range(0..100);
        let euros = dice.random_range(25..480);
        Self {
            date: if english { day.format("%-d %B %Y").to_string() } else { day.format("%d.%m.%Y").to_string() },
            month: if english { MONTHS_ENGLISH[month] } else { MONTHS[month] },
            year: today.year() - dice.random_range(1..9),
            amount: if dice.random_bool(0.5) { euros.to_string() } else { format!("{euros},{cents:02}") },
            reading: dice.random_range(1_000..98_000).to_string(),
        }
    }
}

fn composed(dice: &mut Draw) -> Writer {
    let first = FIRSTNAMES.choose(dice).map_or("Anna", |(first, _)| first);
    // The smaller of two makes frequent names frequent, as in the sandbox.
    let last = LASTNAMES[dice.random_range(0..LASTNAMES.len()).min(dice.random_range(0..LASTNAMES.len()))];
    let company = dice.random_bool(0.08).then(|| COMPANIES.choose(dice).map_or_else(String::new, |form| form.replace("{}", last)));
    let domain = ["example.com", "example.org", "example.net", "post.invalid"].choose(dice).unwrap_or(&"example.com");
    let maker = ["1ESY", "1EMH", "1ITR", "7GMT"].choose(dice).unwrap_or(&"1ESY");
    let number: u32 = dice.random_range(0..400_000);
    let (street, city) = address(dice);
    let (new_street, new_city) = address(dice);
    let block = ["+493023125", "+494066969", "+498999998", "+492214710", "+496990009"].choose(dice).unwrap_or(&"+493023125");
    Writer {
        name: format!("{first} {last}"),
        company,
        email: format!("{}.{}{}@{domain}", mailbox(first), mailbox(last), number % 97),
        phone: format!("{block}{:03}", dice.random_range(0..1000)),
        address: (street, city),
        contract: if number.is_multiple_of(3) { format!("VN-{:06}", 100_000 + number) } else { (1_000_000 + number).to_string() },
        customer: format!("C-{}", 200_000 + number / 2),
        meter: format!("{maker}{:010}", 1_200_000_000 + u64::from(number) * 7),
        iban: iban(90_010_000 + dice.random_range(0..7) * 1000, 2_000_000 + u64::from(number) * 31),
        product: PRODUCTS.choose(dice).map_or("Flex 24", |product| product.name),
        new_address: format!("{new_street}, {new_city}"),
        facts: Facts::default(),
    }
}

fn address(dice: &mut Draw) -> (String, String) {
    let street = STREETS.choose(dice).unwrap_or(&"Ringstr.");
    let place = PLACES.choose(dice).map_or_else(String::new, |place| format!("{} {}", place.zip, place.city));
    (format!("{street} {}", dice.random_range(1..140)), place)
}

fn mailbox(name: &str) -> String {
    let mut text = String::new();
    for letter in name.to_lowercase().chars() {
        match letter {
            'ä' => text.push_str("ae"),
            'ö' => text.push_str("oe"),
            'ü' => text.push_str("ue"),
            'ß' => text.push_str("ss"),
            'a'..='z' => text.push(letter),
            ' ' | '-' => text.push('-'),
            _ => {}
        }
    }
    text
}

impl Writer {
    fn is_now(&mut self, customer: &Customer, contract: &Contract) {
        let person = [&customer.firstname, &customer.lastname].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
        if !person.is_empty() {
            self.name = person;
        }
        self.company.clone_from(&customer.company);
        if let Some(email) = &customer.email {
            self.email.clone_from(email);
        }
        if let Some(phone) = &customer.phone {
            self.phone.clone_from(phone);
        }
        if let Some(iban) = &contract.iban {
            self.iban.clone_from(iban);
        }
        let city = contract.delivery.place.as_ref().map_or_else(String::new, |(zip, city)| format!("{zip} {city}"));
        self.address = (contract.delivery.street.clone(), city);
        self.contract = contract.id.to_string();
        self.customer = customer.id.to_string();
        self.meter.clone_from(&contract.meter_number);
        self.product = contract.product_name;
    }

    /// A phrase with the facts in place of `{words}`.
    pub(super) fn fill(&self, phrase: &str) -> String {
        let mut text = String::with_capacity(phrase.len() + 40);
        let mut rest = phrase;
        while let Some((before, after)) = rest.split_once('{') {
            let (word, after) = after.split_once('}').unwrap_or((after, ""));
            text.push_str(before);
            self.fact(word, &mut text);
            rest = after;
        }
        text.push_str(rest);
        text
    }

    fn fact(&self, word: &str, text: &mut String) {
        match word {
            "name" => text.push_str(&self.name),
            "contract" => text.push_str(&self.contract),
            "customer" => text.push_str(&self.customer),
            "meter" => text.push_str(&self.meter),
            "iban" => text.push_str(&self.iban),
            "phone" => text.push_str(&self.phone),
            "product" => text.push_str(self.product),
            "address" => {
                text.push_str(&self.address.0);
                text.push_str(", ");
                text.push_str(&self.address.1);
            }
            "newaddress" => text.push_str(&self.new_address),
            "city" => text.push_str(self.address.1.split_once(' ').map_or("", |(_, city)| city)),
            "date" => text.push_str(&self.facts.date),
            "month" => text.push_str(self.facts.month),
            "year" => text.push_str(&self.facts.year.to_string()),
            "amount" => text.push_str(&self.facts.amount),
            "reading" => text.push_str(&self.facts.reading),
            _ => debug_assert!(false, "no fact is called {word}"),
        }
    }
}
