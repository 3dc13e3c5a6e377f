//! Every setting there is. A setting is listed once something reads it.

use super::{Bilingual, Definition, Kind, lynqtech, powercloud};
use crate::domain::{role::Permission, webhook::model::System};

pub(super) const fn text(de: &'static str, en: &'static str) -> Bilingual {
    Bilingual { de, en }
}

pub(super) const fn define(
    name: &'static str,
    category: &'static str,
    group: &'static str,
    kind: Kind,
    default: &'static str,
    label: Bilingual,
    description: Bilingual,
) -> Definition {
    Definition { name, category, group, kind, default, label, description, used_by: &["mind"], permission: None, never_shown: false }
}

/// Groups in the order a settings page shows them, with their names for people.
pub const GROUPS: &[(&str, Bilingual)] = &[
    ("connection", text("Verbindung", "Connection")),
    ("cache", text("Zwischenspeicher", "Cache")),
    ("custom", text("Eigene API", "Custom API")),
    ("powercloud", text("Powercloud", "Powercloud")),
    ("lynqTech", text("LynqTech", "LynqTech")),
    ("webhook", text("Meldungen des ERP", "Reports of the ERP")),
    ("storage", text("Speicher", "Storage")),
    ("session", text("Sitzungen", "Sessions")),
    ("token", text("Zugriffstoken", "Access tokens")),
];

const SYSTEMS: &[(&str, Bilingual)] = &[
    ("store", text("Eigener Datenbestand", "Own store")),
    ("custom", text("Eigene API", "Custom API")),
    ("powercloud", text("Powercloud", "Powercloud")),
    ("lynqTech", text("LynqTech", "LynqTech")),
];

const WEBHOOK_AUTH: &[(&str, Bilingual)] =
    &[("secret", text("Geheimnis", "Secret")), ("addresses", text("Adressen", "Addresses")), ("none", text("Keine Prüfung", "No check"))];

const fn webhook_auth(name: &'static str, label: Bilingual) -> Definition {
    let says = text(
        "Welche Meldungen angenommen werden: mit webhookSecret, von webhookAddresses, oder alle.",
        "Which reports are accepted: with webhookSecret, from webhookAddresses, or all.",
    );
    define(name, "erp", "webhook", Kind::Choice(WEBHOOK_AUTH), "\"secret\"", label, says)
}

const fn webhook_url(name: &'static str, system: System, label: Bilingual) -> Definition {
    let says = text(
        "Im ERP als Ziel einzutragen. Berechnet; das Geheimnis sieht, wer Einstellungen ändern darf.",
        "To be entered in the ERP. Computed; who may change settings sees the secret.",
    );
    define(name, "erp", "webhook", Kind::WebhookUrl(system), "null", label, says)
}

const CALL: Bilingual = text(
    "Aufruf per HTTP: url, method, headers (Werte dürfen {{secret.NAME}} enthalten), timeoutMs.",
    "HTTP call: url, method, headers (values may contain {{secret.NAME}}), timeoutMs.",
);

/// A call can send secrets to wherever its URL leads, so it takes the permission that secrets take.
const fn executor(name: &'static str, label: Bilingual) -> Definition {
    let mut definition = define(name, "erp", "custom", Kind::Executor, "null", label, CALL);
    definition.permission = Some(Permission::UpdateAiAgent);
    definition
}

/// The catalogue.
pub const CATALOGUE: &[Definition] = &[
    define(
        "erpSystem",
        "erp",
        "connection",
        Kind::Choice(SYSTEMS),
        "\"store\"",
        text("ERP-System", "ERP system"),
        text("Woher Verträge und Kunden kommen.", "Where contracts and customers come from."),
    ),
    define(
        "erpMaxConcurrentRequests",
        "erp",
        "connection",
        Kind::Int(1, 64),
        "4",
        text("Gleichzeitige ERP-Aufrufe", "Concurrent ERP requests"),
        text("Höchstens so viele Aufrufe laufen gleichzeitig.", "At most this many calls run at the same time."),
    ),
    define(
        "erpCacheSeconds",
        "erp",
        "cache",
        Kind::Int(0, 86_400),
        "300",
        text("Gültigkeit (Sekunden)", "Freshness (seconds)"),
        text(
            "So lange gilt eine Antwort des ERP als aktuell. 0 = eine Sekunde.",
            "How long an answer of the ERP counts as current. 0 = one second.",
        ),
    ),
    define(
        "erpStaleSeconds",
        "erp",
        "cache",
        Kind::Int(0, 31_536_000),
        "604800",
        text("Ersatzkopie (Sekunden)", "Stand-in copy (seconds)"),
        text(
            "So alt darf eine Kopie sein, die bei gestörtem ERP gekennzeichnet einspringt.",
            "How old a copy may be that stands in, marked, while the ERP has trouble.",
        ),
    ),
    executor("searchContractByIdExecutor", text("Vertrag nach Nummer", "Contract by id")),
    executor("searchCustomerByIdExecutor", text("Kunde nach Nummer", "Customer by id")),
    executor("searchContractByFieldsExecutor", text("Vertrag nach Merkmalen", "Contract by attributes")),
    executor("searchCustomerByTextExecutor", text("Kunden nach Freitext", "Customers by free text")),
    Definition {
        permission: Some(Permission::UpdateAiAgent),
        never_shown: true,
        ..define(
            "executorSecrets",
            "erp",
            "custom",
            Kind::SecretMap,
            "null",
            text("Geheimnisse der Aufrufe", "Secrets of calls"),
            text(
                "Namen und Werte für {{secret.NAME}}; nicht genannte bleiben, null löscht.",
                "Names and values for {{secret.NAME}}; those not named stay, null deletes.",
            ),
        )
    },
    define(
        "udfStorage",
        "executor",
        "storage",
        Kind::Json,
        "null",
        text("Gemeinsamer Speicher", "Shared storage"),
        text(
            "Beliebiges JSON, das sich Funktionen und Oberflächen des Mandanten teilen.",
            "Any JSON that functions and front ends of the tenant share.",
        ),
    ),
    define(
        "erpUrlTemplate",
        "erp",
        "connection",
        Kind::Text(powercloud::URL_TEMPLATE, "must be a URL such as https://erp.example.com/contract/{contractId}"),
        "null",
        text("Vertragsseite im ERP", "Page of a contract in the ERP"),
        text(
            "Link in das ERP; {contractId} und {customerId} werden ersetzt. Nur https.",
            "Link into the ERP; {contractId} and {customerId} are replaced. https only.",
        ),
    ),
    powercloud::HOST,
    powercloud::API_KEY,
    powercloud::HASH,
    powercloud::USER,
    powercloud::PASSWORD,
    powercloud::CONTEXT,
    powercloud::TIMEOUT,
    powercloud::FUNCTIONS,
    powercloud::PARAMETERS,
    powercloud::FIELDS,
    powercloud::STATUS_CODES,
    powercloud::NOT_FOUND,
    powercloud::PRICES_ARE_NET,
    powercloud::ADD_METER_CHARGE,
    lynqtech::HOST,
    lynqtech::AUTH,
    lynqtech::API_KEY,
    lynqtech::API_KEY_HEADER,
    lynqtech::TOKEN_URL,
    lynqtech::CLIENT_ID,
    lynqtech::CLIENT_SECRET,
    lynqtech::SCOPE,
    lynqtech::USER,
    lynqtech::PASSWORD,
    lynqtech::PROFILE,
    webhook_url("powercloudWebhookUrl", System::Powercloud, text("Adresse für Powercloud", "URL for Powercloud")),
    webhook_auth("powercloudWebhookAuth", text("Prüfung von Powercloud", "Authentication of Powercloud")),
    webhook_url("lynqtechWebhookUrl", System::LynqTech, text("Adresse für LynqTech", "URL for LynqTech")),
    webhook_auth("lynqtechWebhookAuth", text("Prüfung von LynqTech", "Authentication of LynqTech")),
    define(
        "webhookSecret",
        "erp",
        "webhook",
        Kind::SecretText,
        "null",
        text("Geheimnis der Meldungen", "Secret of reports"),
        text("Wird erzeugt, sobald ein Administrator die Kategorie erp liest.", "Made as soon as an administrator reads the category erp."),
    ),
    define(
        "webhookSecretPrevious",
        "erp",
        "webhook",
        Kind::SecretText,
        "null",
        text("Voriges Geheimnis", "Previous secret"),
        text("Gilt während eines Wechsels neben webhookSecret.", "Holds beside webhookSecret during a change."),
    ),
    define(
        "webhookAddresses",
        "erp",
        "webhook",
        Kind::Networks,
        "[]",
        text("Erlaubte Adressen", "Allowed addresses"),
        text("Netze in der Schreibweise 203.0.113.0/24.", "Networks such as 203.0.113.0/24."),
    ),
    define(
        "webhookGroupingWindowSeconds",
        "erp",
        "webhook",
        Kind::Int(0, 300),
        "10",
        text("Sammelzeit (Sekunden)", "Grouping window (seconds)"),
        text(
            "Meldungen zu einem Vertrag werden so lange ab der ersten gesammelt und führen zu einem Abruf.",
            "Reports about a contract are gathered for so long from the first on, and lead to one fetch.",
        ),
    ),
    define(
        "webhookIdKeys",
        "erp",
        "webhook",
        Kind::IdKeys,
        r#"{"contract":["contractId","contractIds","contract_id","contract.id","contractNumber"],"customer":["customerId","customerIds","customer_id","customer.id","customer.externalId","externalId","billingAccountId","cba"]}"#,
        text("Fundstellen der Nummern", "Where ids stand"),
        text("Enden von Pfaden in Meldungen, Schritte durch Punkte getrennt.", "Ends of paths in reports, their steps joined by dots."),
    ),
    define(
        "sessionIdleHours",
        "security",
        "session",
        Kind::Int(1, 720),
        "8",
        text("Abmeldung nach Leerlauf (Stunden)", "Idle sign-out (hours)"),
        text("So lange bleibt eine unbenutzte Sitzung bestehen.", "How long an unused session lasts."),
    ),
    define(
        "sessionAbsoluteHours",
        "security",
        "session",
        Kind::Int(1, 720),
        "24",
        text("Längste Sitzung (Stunden)", "Longest session (hours)"),
        text("Danach ist eine neue Anmeldung nötig.", "After that a new sign-in is needed."),
    ),
    define(
        "allowedOrigins",
        "security",
        "session",
        Kind::Origins,
        "[]",
        text("Erlaubte Ursprünge", "Allowed origins"),
        text("Seiten, die mit dem Cookie der Besucher schreiben dürfen.", "Pages that may write with a visitor's cookie."),
    ),
    define(
        "accessTokenDays",
        "security",
        "token",
        Kind::Int(1, 365),
        "90",
        text("Gültigkeit von Token (Tage)", "Lifetime of tokens (days)"),
        text("Gilt für neue Token von Personen.", "Holds for new tokens of people."),
    ),
    define(
        "serviceWorkerTokenDays",
        "security",
        "token",
        Kind::Int(1, 1095),
        "365",
        text("Gültigkeit von Dienst-Token (Tage)", "Lifetime of service tokens (days)"),
        text("Gilt für neue Token von Programmen.", "Holds for new tokens of programs."),
    ),
];
