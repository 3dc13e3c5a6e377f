//! Words of the activity log in both languages. Nothing here but the lists.

use crate::domain::settings::model::Bilingual;

const fn text(de: &'static str, en: &'static str) -> Bilingual {
    Bilingual { de, en }
}

/// What a kind of event says, after the name of who did it.
#[derive(Clone, Copy, Debug)]
pub struct Phrase {
    /// The type.
    pub kind: &'static str,
    /// The sentence.
    pub says: Bilingual,
    /// Whether it is of interest to people who work on tickets.
    pub shown: bool,
}

const fn shown(kind: &'static str, de: &'static str, en: &'static str) -> Phrase {
    Phrase { kind, says: text(de, en), shown: true }
}

const fn technical(kind: &'static str, de: &'static str, en: &'static str) -> Phrase {
    Phrase { kind, says: text(de, en), shown: false }
}

/// Every type that something appends, or that the contract names.
pub const PHRASES: &[Phrase] = &[
    shown("ticketCreated", "hat das Ticket erstellt", "created the ticket"),
    shown("ticketUpdated", "hat das Ticket geändert", "updated the ticket"),
    shown("ticketDeleted", "hat das Ticket gelöscht", "deleted the ticket"),
    shown("ticketForwarded", "hat das Ticket weitergeleitet", "forwarded the ticket"),
    shown("ticketRouted", "hat das Ticket zugeteilt bekommen", "was given the ticket"),
    shown("ticketResponse", "hat auf das Ticket geantwortet", "replied to the ticket"),
    shown("ticketClosedDueToInactivity", "hat das Ticket wegen Inaktivität geschlossen", "closed the ticket for inactivity"),
    shown("conversationCreated", "hat eine Nachricht hinzugefügt", "added a message"),
    shown("sendEmail", "hat eine E-Mail gesendet", "sent an e-mail"),
    shown("emailAutoresponder", "hat eine automatische Antwort gesendet", "sent an automatic reply"),
    shown("autoProcessIntent", "hat das Anliegen automatisch bearbeitet", "processed the intent automatically"),
    shown("autoProcessEmail", "hat die E-Mail automatisch bearbeitet", "processed the e-mail automatically"),
    technical("cortexProcessTicket", "hat das Ticket analysiert", "analysed the ticket"),
    technical("testTicketAiQuality", "hat die KI-Qualität des Tickets geprüft", "checked the AI quality of the ticket"),
    technical("notifySurroundingSystems", "hat angebundene Systeme benachrichtigt", "notified surrounding systems"),
    technical("knowledgeSourceChanged", "hat eine Wissensquelle geändert", "changed a knowledge source"),
    technical("tagCreated", "hat einen Tag erstellt", "created a tag"),
    technical("tagUpdated", "hat einen Tag geändert", "updated a tag"),
    technical("tagDeleted", "hat einen Tag gelöscht", "deleted a tag"),
    technical("profileCreated", "hat ein Profil erstellt", "created a profile"),
    technical("profileUpdated", "hat ein Profil geändert", "updated a profile"),
    technical("profileDeleted", "hat ein Profil gelöscht", "deleted a profile"),
    technical("settingsUpdated", "hat eine Einstellung geändert", "changed a setting"),
    technical("tenantCreated", "hat den Mandanten angelegt", "created the tenant"),
    technical("userSignedIn", "hat sich angemeldet", "signed in"),
    technical("accessTokenCreated", "hat ein Zugriffstoken erstellt", "created an access token"),
    technical("accessTokenRevoked", "hat ein Zugriffstoken widerrufen", "revoked an access token"),
    technical("erpCacheInvalidated", "hat Kopien aus dem ERP für veraltet erklärt", "declared copies of the ERP out of date"),
    shown("contractRefreshed", "hat den Vertrag neu aus dem ERP geladen", "fetched the contract from the ERP again"),
    technical("webhookReplayed", "hat eine Meldung des ERP erneut angestoßen", "replayed a report of the ERP"),
];

/// A type that is not in the list; its own words follow.
pub const UNKNOWN: Bilingual = text("hat ausgelöst: ", "triggered: ");

/// What `ticketUpdated` says when the status changed.
pub const STATUS_BECAME: &[(&str, Bilingual)] = &[
    ("open", text("hat das Ticket wieder geöffnet", "reopened the ticket")),
    ("pending", text("hat das Ticket auf „wartend“ gesetzt", "set the ticket to pending")),
    ("closed", text("hat das Ticket geschlossen", "closed the ticket")),
];

/// What `ticketUpdated` says when one of these alone changed.
pub const CHANGED: &[(&str, Bilingual)] = &[
    ("priority", text("hat die Priorität des Tickets geändert", "changed the priority of the ticket")),
    ("tagIds", text("hat die Tags des Tickets geändert", "changed the tags of the ticket")),
    ("contractId", text("hat den Vertrag des Tickets geändert", "changed the contract of the ticket")),
    ("dueBy", text("hat die Frist des Tickets geändert", "changed the due date of the ticket")),
    ("subject", text("hat den Betreff des Tickets geändert", "changed the subject of the ticket")),
    ("spamStatus", text("hat den Spam-Status des Tickets geändert", "changed the spam status of the ticket")),
];

/// Somebody has the ticket now.
pub const ASSIGNED: Bilingual = text("hat das Ticket zugewiesen", "assigned the ticket");
/// Nobody has the ticket any more.
pub const UNASSIGNED: Bilingual = text("hat die Zuweisung des Tickets aufgehoben", "unassigned the ticket");

/// Names of fields.
pub const LABELS: &[(&str, Bilingual)] = &[
    ("additionalData", text("Zusatzdaten", "Additional data")),
    ("agentId", text("Bearbeiter", "Agent")),
    ("aiSupportLevel", text("KI-Unterstützung", "AI support level")),
    ("assignment", text("Zuordnung", "Assignment")),
    ("attachments", text("Anhänge", "Attachments")),
    ("autoExecuteAt", text("Automatische Ausführung", "Automatic execution")),
    ("bccEmails", text("Blindkopie", "Bcc")),
    ("body", text("Nachricht", "Message")),
    ("ccEmails", text("Kopie", "Cc")),
    ("channel", text("Kanal", "Channel")),
    ("channelId", text("Nummer im Kanal", "Id in the channel")),
    ("channels", text("Kanäle", "Channels")),
    ("closedAt", text("Geschlossen am", "Closed at")),
    ("color", text("Farbe", "Colour")),
    ("complexity", text("Komplexität", "Complexity")),
    ("contractId", text("Vertrag", "Contract")),
    ("copies", text("Kopien", "Copies")),
    ("createdAt", text("Erstellt am", "Created at")),
    ("customerId", text("Kunde", "Customer")),
    ("customerLegitimation", text("Legitimation", "Legitimation")),
    ("detectionDetails", text("Erkennung", "Detection")),
    ("direction", text("Richtung", "Direction")),
    ("dueBy", text("Frist", "Due by")),
    ("expiresAt", text("Gültig bis", "Expires at")),
    ("externalTicketId", text("Externe Ticketnummer", "External ticket id")),
    ("firstResponseDueBy", text("Frist der ersten Antwort", "First response due by")),
    ("from", text("Absender", "From")),
    ("fromName", text("Name des Absenders", "Sender's name")),
    ("id", text("Nummer", "Id")),
    ("isCustomerActive", text("Kunde aktiv", "Customer is active")),
    ("isEscalated", text("Eskaliert", "Escalated")),
    ("language", text("Sprache", "Language")),
    ("languageCode", text("Sprachkürzel", "Language code")),
    ("name", text("Name", "Name")),
    ("parent", text("Übergeordneter Tag", "Parent tag")),
    ("priority", text("Priorität", "Priority")),
    ("process", text("Verarbeitung", "Processing")),
    ("profileId", text("Profil", "Profile")),
    ("properties", text("Eigenschaften", "Properties")),
    ("rawData", text("Rohdaten", "Raw data")),
    ("reference", text("Bezug", "Reference")),
    ("responderId", text("Beantwortet von", "Responder")),
    ("sentiment", text("Stimmung", "Sentiment")),
    ("session", text("Sitzung", "Session")),
    ("sla", text("Bearbeitungszeit (Stunden)", "SLA (hours)")),
    ("slug", text("Kürzel", "Slug")),
    ("spamStatus", text("Spam-Status", "Spam status")),
    ("status", text("Status", "Status")),
    ("subchannelId", text("Unterkanal", "Subchannel")),
    ("subchannels", text("Unterkanäle", "Subchannels")),
    ("subject", text("Betreff", "Subject")),
    ("summary", text("Zusammenfassung", "Summary")),
    ("tag", text("Angaben", "Details")),
    ("tagId", text("Tag", "Tag")),
    ("tagIds", text("Tags", "Tags")),
    ("testCase", text("Testfall", "Test case")),
    ("ticketId", text("Ticket", "Ticket")),
    ("to", text("Empfänger", "To")),
    ("toEmail", text("Empfänger", "To")),
    ("type", text("Art", "Type")),
    ("userId", text("Benutzer", "User")),
    ("visibility", text("Sichtbarkeit", "Visibility")),
    ("workedOnBy", text("Bearbeiter", "Agent")),
];

/// Values of closed lists: field, value, words.
pub const VALUES: &[(&str, &str, Bilingual)] = &[
    ("status", "open", text("Offen", "Open")),
    ("status", "pending", text("Wartend", "Pending")),
    ("status", "closed", text("Geschlossen", "Closed")),
    ("priority", "low", text("Niedrig", "Low")),
    ("priority", "medium", text("Mittel", "Medium")),
    ("priority", "high", text("Hoch", "High")),
    ("priority", "urgent", text("Dringend", "Urgent")),
    ("priority", "do-not-change", text("Nicht ändern", "Do not change")),
    ("channel", "email", text("E-Mail", "E-mail")),
    ("channel", "portal", text("Portal", "Portal")),
    ("channel", "phone", text("Telefon", "Phone")),
    ("channel", "letter", text("Brief", "Letter")),
    ("channel", "system", text("System", "System")),
    ("channel", "chat", text("Chat", "Chat")),
    ("channel", "walkIn", text("Kundenzentrum", "Walk-in")),
    ("direction", "in", text("Eingehend", "Incoming")),
    ("direction", "out", text("Ausgehend", "Outgoing")),
    ("direction", "internal", text("Intern", "Internal")),
    ("spamStatus", "auto_spam", text("Spam (automatisch)", "Spam (automatic)")),
    ("spamStatus", "auto_programmatic", text("Spam (nach Regel)", "Spam (by rule)")),
    ("spamStatus", "manual_spam", text("Spam (von Hand)", "Spam (manual)")),
    ("spamStatus", "auto_clean", text("Kein Spam (automatisch)", "Not spam (automatic)")),
    ("spamStatus", "manual_clean", text("Kein Spam (von Hand)", "Not spam (manual)")),
    ("aiSupportLevel", "unprocessed", text("Nicht verarbeitet", "Unprocessed")),
    ("aiSupportLevel", "human", text("Mensch", "Human")),
    ("aiSupportLevel", "bot", text("Bot", "Bot")),
    ("aiSupportLevel", "automated", text("Automatisch", "Automated")),
    ("process", "realtime", text("Sofort", "At once")),
    ("process", "batch", text("Gesammelt", "In batches")),
    ("process", "false", text("Keine", "None")),
    ("visibility", "public", text("Öffentlich", "Public")),
    ("visibility", "private", text("Privat", "Private")),
    ("visibility", "disabled", text("Abgeschaltet", "Disabled")),
    ("reference", "ticket", text("Ticket", "Ticket")),
    ("reference", "contract", text("Vertrag", "Contract")),
    ("reference", "customer", text("Kunde", "Customer")),
];

/// Fields that hold ids of profiles.
pub const PROFILES: &[&str] = &["agentId", "responderId", "workedOnBy", "userId", "profileId"];
/// Fields that hold ids of tags.
pub const TAGS: &[&str] = &["tagIds", "addTagIds", "removeTagIds", "parent", "tagId"];
/// Fields that hold dates.
pub const DATES: &[&str] = &["autoExecuteAt", "closedAt", "createdAt", "dueBy", "expiresAt", "firstResponseDueBy"];

/// Fields that say something about the event, not about what happened.
pub const TECHNICAL: &[&str] = &["includeInWorklog"];

/// Instead of old and new value: the field is too long for the log.
pub const REPLACED: Bilingual = text("geändert", "changed");
/// Instead of old and new value: so many were added.
pub const ADDED: Bilingual = text("hinzugefügt: ", "added: ");

/// The two truth values.
pub const YES: Bilingual = text("Ja", "Yes");
/// See [`YES`].
pub const NO: Bilingual = text("Nein", "No");
/// Stands for what is not set.
pub const NOTHING: &str = "–";
