//! Settings of LynqTech. What has no public name there is in the profile.

use super::{
    Bilingual, Definition, Kind,
    catalogue::{define, text},
    schema,
};
use crate::domain::role::Permission;

/// A name, a user, a scope: neither begins nor ends with a blank.
const WORDS: &str = r"^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]{0,198}[^\x00-\x20\x7f])?$";
const SAYS: &str = "must be a text of 1 to 200 characters that neither begins nor ends with a blank";

const WAYS: &[(&str, Bilingual)] = &[
    ("apiKey", text("API-Schlüssel im Header", "API key in a header")),
    ("oauth2", text("OAuth2 Client Credentials", "OAuth2 client credentials")),
    ("basic", text("Benutzer und Passwort", "User and password")),
    ("bearer", text("Fertiges Token", "Ready-made token")),
];

const fn entry(name: &'static str, kind: Kind, default: &'static str, label: Bilingual, description: Bilingual) -> Definition {
    define(name, "erp", "lynqTech", kind, default, label, description)
}

/// What decides where credentials go takes the permission that secrets take.
const fn guarded(mut definition: Definition) -> Definition {
    definition.permission = Some(Permission::UpdateAiAgent);
    definition
}

pub(super) const HOST: Definition = guarded(entry(
    "lynqTechHost",
    Kind::Host,
    "null",
    text("LynqTech-Host", "LynqTech host"),
    text("Host der API, zum Beispiel api.example.com; https.", "Host of the API, for example api.example.com; https."),
));

pub(super) const AUTH: Definition = entry(
    "lynqTechAuth",
    Kind::Choice(WAYS),
    "\"apiKey\"",
    text("Anmeldung", "Authentication"),
    text("Wie sich mind bei LynqTech anmeldet.", "How mind authenticates to LynqTech."),
);

pub(super) const API_KEY: Definition = entry(
    "lynqTechApiKey",
    Kind::SecretText,
    "null",
    text("LynqTech-Schlüssel", "LynqTech key"),
    text("Schlüssel der API (apiKey) oder fertiges Token (bearer).", "Key of the API (apiKey), or a token made elsewhere (bearer)."),
);

pub(super) const API_KEY_HEADER: Definition = entry(
    "lynqTechKeyHeader",
    Kind::Text(schema::HEADER_NAME, "must be the name of a header such as x-api-key"),
    "\"x-api-key\"",
    text("Header des Schlüssels", "Header of the key"),
    text("Name des Headers bei apiKey.", "Name of the header with apiKey."),
);

pub(super) const TOKEN_URL: Definition = guarded(entry(
    "lynqTechTokenUrl",
    Kind::Text(schema::URL, "must be a URL such as https://auth.example.com/oauth2/token"),
    "null",
    text("Token-Adresse", "Token URL"),
    text("Adresse für OAuth2 Client Credentials.", "Address for OAuth2 client credentials."),
));

pub(super) const CLIENT_ID: Definition = entry(
    "lynqTechClientId",
    Kind::Text(WORDS, SAYS),
    "null",
    text("Client-ID", "Client id"),
    text("Client bei oauth2.", "Client with oauth2."),
);

pub(super) const CLIENT_SECRET: Definition = entry(
    "lynqTechClientSecret",
    Kind::SecretText,
    "null",
    text("Client-Geheimnis", "Client secret"),
    text("Geheimnis des Clients bei oauth2.", "Secret of the client with oauth2."),
);

pub(super) const SCOPE: Definition = entry(
    "lynqTechScope",
    Kind::Text(WORDS, SAYS),
    "null",
    text("Scope", "Scope"),
    text("Nur wenn die Token-Adresse einen verlangt.", "Only if the token URL asks for one."),
);

pub(super) const USER: Definition = entry(
    "lynqTechUser",
    Kind::Text(WORDS, SAYS),
    "null",
    text("Benutzer", "User"),
    text("Benutzer bei basic, ohne Doppelpunkt.", "User with basic, without a colon."),
);

pub(super) const PASSWORD: Definition =
    entry("lynqTechPassword", Kind::SecretText, "null", text("Passwort", "Password"), text("Passwort bei basic.", "Password with basic."));

pub(super) const PROFILE: Definition = guarded(entry(
    "lynqTechProfile",
    Kind::Json,
    "null",
    text("LynqTech-Profil", "LynqTech profile"),
    text(
        "Abweichungen von der Vorlage: Pfade und JSONPath-Ausdrücke. Mit LYNQTECH abzustimmen.",
        "Changes to the template: paths and JSONPath expressions. To be confirmed with LYNQTECH.",
    ),
));
