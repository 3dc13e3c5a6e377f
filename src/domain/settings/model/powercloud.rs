//! Settings of Powercloud. What has no public name there is one of these.

use super::{
    Bilingual, Definition, Kind, TextMap,
    catalogue::{define, text},
};

/// A page, https, with placeholders.
pub(super) const URL_TEMPLATE: &str = r"^https://[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:[1-9][0-9]{0,4})?([/?#]([A-Za-z0-9._~!$&'()*+,;=:@%/?#-]|\{contractId\}|\{customerId\}){0,500})?$";

const SITE: &str = r"^(https?://)?[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:[1-9][0-9]{0,4})?$";
const KEY: &str = r"^[A-Za-z0-9_-]{1,128}:[^\x00-\x1f\x7f:]{1,200}:[^\x00-\x1f\x7f]{1,500}$";
const HASH_FORM: &str = "^[A-Za-z0-9_-]{1,128}$";
const USER_FORM: &str = r"^[^\x00-\x1f\x7f:]{1,200}$";
const PASSWORD_FORM: &str = r"^[^\x00-\x1f\x7f]{1,500}$";

const FUNCTION_NAMES: TextMap = TextMap {
    name: "^(contractById|customerById|contractsByCustomer|searchByFields|searchByText)$",
    text: "^[A-Za-z0-9_]{0,64}$",
    most: 5,
};
const PARAMETER_NAMES: TextMap = TextMap {
    name: "^(id|limit|offset|q|contractId|customerId|firstname|lastname|fullname|birthday|company|email|phone|meterNumber|address|postalCode|city)$",
    text: "^[A-Za-z0-9_.-]{0,64}$",
    most: 17,
};
const FIELD_NAMES: TextMap = TextMap {
    name: "^(iban|monthlyDeposit|unpaidDebt|vatRate|gridOperatorName|salesChannelId|productCode|registers)$",
    text: r"^([A-Za-z0-9_-]{1,50}(\.[A-Za-z0-9_-]{1,50}){0,4})?$",
    most: 8,
};
const CODES: TextMap = TextMap { name: "^[0-9]{1,9}$", text: r"^[^\x00-\x1f\x7f]{1,100}$", most: 500 };
const MESSAGE: &str = r"^[^\x00-\x1f\x7f]{0,199}[^\x00-\x20\x7f]$";

const fn entry(name: &'static str, kind: Kind, default: &'static str, label: Bilingual, description: Bilingual) -> Definition {
    define(name, "erp", "powercloud", kind, default, label, description)
}

pub(super) const HOST: Definition = entry(
    "powercloudHost",
    Kind::Text(SITE, "must be a host such as app.example.com, with :port if needed; http:// before it is for test systems"),
    "null",
    text("Powercloud-Host", "Powercloud host"),
    text("Zum Beispiel app.powercloud.de.", "For example app.powercloud.de."),
);

pub(super) const API_KEY: Definition = entry(
    "powercloudApiKey",
    Kind::SecretForm(KEY, "must be of the form hash:user:password"),
    "null",
    text("Powercloud-Schlüssel", "Powercloud key"),
    text("Schlüssel in der Form hash:user:password.", "Key of the form hash:user:password."),
);

pub(super) const HASH: Definition = entry(
    "powercloudHash",
    Kind::SecretForm(HASH_FORM, "must be 1 to 128 letters, digits, _ or -"),
    "null",
    text("Powercloud-Hash", "Powercloud hash"),
    text("Kennung des Mandanten im Pfad; geht dem Schlüssel vor.", "Names the client in the path; goes before that of the key."),
);

pub(super) const USER: Definition = entry(
    "powercloudUser",
    Kind::Text(USER_FORM, "must be 1 to 200 characters without a colon"),
    "null",
    text("Powercloud-Benutzer", "Powercloud user"),
    text("Benutzer der REST-Schnittstelle; geht dem Schlüssel vor.", "User of the REST interface; goes before that of the key."),
);

pub(super) const PASSWORD: Definition = entry(
    "powercloudPassword",
    Kind::SecretForm(PASSWORD_FORM, "must be a text of 1 to 500 characters"),
    "null",
    text("Powercloud-Passwort", "Powercloud password"),
    text("Passwort der REST-Schnittstelle; geht dem Schlüssel vor.", "Password of the REST interface; goes before that of the key."),
);

pub(super) const CONTEXT: Definition = entry(
    "powercloudContext",
    Kind::Text("^[A-Za-z0-9_-]{1,50}$", "must be 1 to 50 letters, digits, _ or -"),
    "\"client\"",
    text("Powercloud-Kontext", "Powercloud context"),
    text("Steht im Pfad und vor # im Benutzernamen.", "Stands in the path and before # in the user's name."),
);

pub(super) const TIMEOUT: Definition = entry(
    "powercloudTimeoutMs",
    Kind::Int(1_000, 60_000),
    "10000",
    text("Zeitgrenze (Millisekunden)", "Time-out (milliseconds)"),
    text("So lange darf ein Lesen dauern, weitere Versuche eingeschlossen.", "How long a read may take, further tries included."),
);

pub(super) const FUNCTIONS: Definition = entry(
    "powercloudFunctions",
    Kind::Texts(&FUNCTION_NAMES),
    "{}",
    text("Funktionen", "Functions"),
    text(
        "Namen der Funktionen, die abweichen: contractById, customerById, contractsByCustomer, searchByFields, searchByText. Leer = gibt es nicht.",
        "Names of functions that differ: contractById, customerById, contractsByCustomer, searchByFields, searchByText. Empty = there is none.",
    ),
);

pub(super) const PARAMETERS: Definition = entry(
    "powercloudParameters",
    Kind::Texts(&PARAMETER_NAMES),
    "{}",
    text("Parameter", "Parameters"),
    text("Namen der Parameter, die abweichen. Leer = wird nicht gesendet.", "Names of parameters that differ. Empty = is not sent."),
);

pub(super) const FIELDS: Definition = entry(
    "powercloudFields",
    Kind::Texts(&FIELD_NAMES),
    "{}",
    text("Felder", "Fields"),
    text(
        "Wo im Vertrag Angaben stehen, deren Schlüssel nicht öffentlich ist; Ebenen mit Punkt getrennt.",
        "Where in a contract facts stand whose key is not public; levels separated by dots.",
    ),
);

pub(super) const STATUS_CODES: Definition = entry(
    "powercloudStatusCodes",
    Kind::Texts(&CODES),
    "{}",
    text("Status-Nummern", "Status codes"),
    text("Namen der Status-Nummern; 5000 ist active.", "Titles of the numeric states; 5000 is active."),
);

pub(super) const NOT_FOUND: Definition = entry(
    "powercloudNotFoundTexts",
    Kind::List(MESSAGE),
    "[\"not found\", \"nicht gefunden\", \"no contract\", \"no customer\"]",
    text("Texte für „nicht gefunden“", "Texts for \"not found\""),
    text(
        "Teile von Meldungen, mit denen Powercloud sagt, dass es etwas nicht gibt.",
        "Parts of messages by which Powercloud says that there is no such thing.",
    ),
);

pub(super) const PRICES_ARE_NET: Definition = entry(
    "powercloudPricesAreNet",
    Kind::Bool,
    "false",
    text("Preise sind netto", "Prices are net"),
    text("Arbeits- und Grundpreis kommen ohne Mehrwertsteuer.", "Working and base price come without VAT."),
);

pub(super) const ADD_METER_CHARGE: Definition = entry(
    "powercloudAddMeterCharge",
    Kind::Bool,
    "false",
    text("Messpreis im Grundpreis", "Metering in the base price"),
    text("Der Messpreis wird zum Grundpreis gezählt.", "The price of metering is added to the base price."),
);
