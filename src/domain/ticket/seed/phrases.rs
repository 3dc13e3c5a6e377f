//! What German customers of an energy supplier write, in parts that fit together. Words in braces are filled with the
//! writer's facts, see [`super::writer::Writer::fill`].

use super::topic::Topic;

/// Topics, the frequent ones first.
pub(super) const TOPICS: [Topic; 12] = [
    Topic {
        tag: "Zählerstand",
        weight: 20,
        subjects: &[
            "Zählerstand {contract}",
            "Meldung Zählerstand Zähler {meter}",
            "Zählerstand zum {date}",
            "Ablesung Strom, Vertragsnummer {contract}",
            "Zählerstandsmitteilung",
            "AW: Bitte teilen Sie uns Ihren Zählerstand mit",
        ],
        openings: &[
            "hiermit teile ich Ihnen den Zählerstand meines Zählers {meter} mit.",
            "anbei der gewünschte Zählerstand für die Jahresabrechnung.",
            "Sie haben mich gebeten, meinen Zähler abzulesen, was ich heute gern gemacht habe.",
            "über Ihr Portal konnte ich den Zählerstand leider nicht eingeben, daher auf diesem Weg.",
        ],
        details: &[
            "Am {date} zeigte der Zähler {meter} einen Stand von {reading} kWh.",
            "Der Stand beträgt {reading} kWh, abgelesen am {date} um die Mittagszeit.",
            "Zählernummer: {meter}, Stand: {reading}, Datum: {date}.",
            "Die letzte Ziffer hinter dem Komma habe ich weggelassen, ich komme also auf {reading} kWh.",
            "Der von Ihnen geschätzte Wert liegt deutlich über dem, was wirklich auf dem Zähler steht, nämlich {reading}.",
            "Ein Foto des Zählers kann ich bei Bedarf gern nachreichen, die Ziffern sind darauf gut zu erkennen.",
        ],
        asks: &[
            "Bitte bestätigen Sie mir kurz den Eingang.",
            "Bitte verwenden Sie diesen Stand für die nächste Abrechnung und nicht eine Schätzung.",
            "Ist damit alles erledigt oder brauchen Sie noch etwas von mir?",
        ],
    },
    Topic {
        tag: "Abschlag",
        weight: 14,
        subjects: &[
            "Abschlag anpassen, Vertrag {contract}",
            "Änderung meines monatlichen Abschlags",
            "Abschlag zu hoch",
            "Bitte um Erhöhung des Abschlags",
            "Frage zu meinem neuen Abschlag",
        ],
        openings: &[
            "ich möchte meinen monatlichen Abschlag auf {amount} Euro ändern.",
            "mein Abschlag ist meiner Meinung nach viel zu hoch angesetzt.",
            "nach der letzten Abrechnung wurde mein Abschlag auf {amount} Euro festgelegt, was ich nicht nachvollziehen kann.",
            "seit dem Einzug meiner Tochter verbrauchen wir mehr und möchten den Abschlag anheben.",
        ],
        details: &[
            "Bisher habe ich {amount} Euro im Monat gezahlt und jedes Jahr ein Guthaben bekommen.",
            "Wir heizen inzwischen mit einer Wärmepumpe und haben seit {month} auch eine Photovoltaikanlage auf dem Dach.",
            "Der Verbrauch ist gesunken, weil wir nur noch zu zweit im Haushalt sind.",
            "Im Portal wird mir nur eine Spanne angeboten, die nicht zu unserem Verbrauch passt.",
            "Der aktuelle Stand des Zählers {meter} ist {reading} kWh, daraus ergibt sich ein deutlich kleinerer Verbrauch.",
        ],
        asks: &[
            "Bitte passen Sie den Abschlag zum nächsten Ersten an.",
            "Bitte teilen Sie mir mit, ab wann der neue Betrag abgebucht wird.",
            "Können Sie mir vorrechnen, wie Sie auf diese Summe gekommen sind?",
        ],
    },
    Topic {
        tag: "Rechnung",
        weight: 14,
        subjects: &[
            "Rechnung vom {date} unklar",
            "Einspruch gegen Jahresabrechnung {contract}",
            "Fragen zur Schlussrechnung",
            "Guthaben aus der Abrechnung noch nicht erhalten",
            "Rechnungskopie {year}",
        ],
        openings: &[
            "ich habe eine Frage zu Ihrer Rechnung vom {date}.",
            "gegen die Jahresabrechnung vom {date} lege ich Einspruch ein.",
            "das Guthaben von {amount} Euro aus der letzten Abrechnung ist bis heute nicht auf meinem Konto eingegangen.",
            "ich benötige eine Kopie der Abrechnung für das Jahr {year}.",
        ],
        details: &[
            "Der Anfangsstand stimmt nicht mit dem Übergabeprotokoll überein, dort stehen {reading} kWh.",
            "Die Nachzahlung von {amount} Euro kann ich mir nicht erklären, wir waren im Sommer sechs Wochen nicht zu Hause.",
            "Auf Seite zwei wird ein Zähler genannt, den es bei uns gar nicht gibt, unserer hat die Nummer {meter}.",
            "Die Strompreisbremse wurde offenbar nicht berücksichtigt.",
            "Meine Bankverbindung hat sich nicht geändert, sie lautet {iban}.",
            "Für die Nebenkostenabrechnung brauche ich die Aufteilung nach Arbeitspreis und Grundpreis.",
        ],
        asks: &[
            "Ich bitte um Prüfung und eine korrigierte Rechnung.",
            "Bitte überweisen Sie den Betrag bis spätestens Ende des Monats.",
            "Bis zur Klärung werde ich den Betrag nicht zahlen.",
            "Schicken Sie mir die Unterlagen bitte als PDF.",
        ],
    },
    Topic {
        tag: "Umzug",
        weight: 11,
        subjects: &[
            "Umzug zum {date}",
            "Ich ziehe um, Vertrag {contract}",
            "Neue Adresse ab {month}",
            "Auszug und Mitnahme des Vertrags",
            "Ummeldung Strom",
        ],
        openings: &[
            "ich ziehe zum {date} um und möchte meinen Vertrag mitnehmen.",
            "zum {date} ziehe ich aus der Wohnung {address} aus.",
            "wir haben ein Haus gekauft und ziehen im {month} um.",
            "hiermit melde ich Ihnen meine neue Anschrift.",
        ],
        details: &[
            "Die neue Anschrift lautet: {newaddress}.",
            "Der Zähler in der alten Wohnung hat die Nummer {meter} und stand bei der Übergabe auf {reading} kWh.",
            "Die Zählernummer der neuen Wohnung kenne ich noch nicht, der Vermieter reicht sie nach.",
            "Mein Nachmieter heißt Familie Brandt und wird sich selbst bei Ihnen anmelden.",
            "Die Schlussrechnung schicken Sie bitte an die neue Adresse.",
        ],
        asks: &[
            "Bitte bestätigen Sie mir die Ummeldung und den Beginn der Lieferung.",
            "Geht das auch, wenn der Zähler dort noch von einem anderen Anbieter beliefert wird?",
            "Falls der Vertrag nicht mitgenommen werden kann, kündige ich ihn hiermit wegen des Umzugs.",
        ],
    },
    Topic {
        tag: "Kündigung",
        weight: 9,
        subjects: &[
            "Kündigung Vertrag {contract}",
            "Kündigung zum nächstmöglichen Zeitpunkt",
            "Sonderkündigung wegen Preiserhöhung",
            "Kündigung Stromliefervertrag {product}",
        ],
        openings: &[
            "hiermit kündige ich meinen Vertrag {contract} fristgerecht zum nächstmöglichen Zeitpunkt.",
            "wegen der angekündigten Preiserhöhung mache ich von meinem Sonderkündigungsrecht Gebrauch.",
            "mein Vater ist am {date} verstorben, daher möchte ich seinen Vertrag beenden.",
            "ich habe zu einem anderen Anbieter gewechselt und kündige den Tarif {product}.",
        ],
        details: &[
            "Die Verbrauchsstelle ist {address}, der Zähler trägt die Nummer {meter}.",
            "Eine Einzugsermächtigung, die ich Ihnen erteilt habe, widerrufe ich zum Ende des Vertrags.",
            "Der Zählerstand heute beträgt {reading} kWh.",
            "Von Rückrufen und Angeboten zur Rückgewinnung bitte ich abzusehen.",
        ],
        asks: &[
            "Bitte bestätigen Sie mir die Kündigung und das Datum schriftlich.",
            "Das Guthaben überweisen Sie bitte auf {iban}.",
            "Bitte senden Sie mir die Schlussrechnung innerhalb von sechs Wochen.",
        ],
    },
    Topic {
        tag: "Bankdaten",
        weight: 8,
        subjects: &["Neue Bankverbindung", "Änderung der Bankdaten {contract}", "SEPA-Lastschriftmandat", "Rücklastschrift, neue IBAN"],
        openings: &[
            "meine Bankverbindung hat sich geändert.",
            "ich habe die Bank gewechselt und bitte Sie, künftig von meinem neuen Konto abzubuchen.",
            "hiermit erteile ich Ihnen ein SEPA-Lastschriftmandat.",
            "die letzte Abbuchung ist geplatzt, weil das Konto nicht mehr besteht.",
        ],
        details: &[
            "Die neue IBAN lautet {iban}, Kontoinhaber bin ich selbst ({name}).",
            "Kontoinhaber: {name}, IBAN: {iban}.",
            "Den offenen Betrag von {amount} Euro habe ich heute überwiesen.",
            "Bitte buchen Sie ab {month} nur noch von diesem Konto ab.",
        ],
        asks: &[
            "Bitte bestätigen Sie die Änderung.",
            "Bitte verzichten Sie auf die Rücklastschriftgebühr, es war ein Versehen.",
            "Brauchen Sie dafür ein unterschriebenes Formular?",
        ],
    },
    Topic {
        tag: "Tarif",
        weight: 7,
        subjects: &[
            "Tarifwechsel in {product}",
            "Frage zum Tarif {product}",
            "Preisanpassung ab {month}",
            "Wallbox: gibt es einen Autostromtarif?",
            "Dynamischer Stromtarif und Smart Meter",
        ],
        openings: &[
            "ich interessiere mich für den Tarif {product}.",
            "Sie haben mir eine Preiserhöhung angekündigt, und ich möchte wissen, welche günstigeren Tarife es gibt.",
            "wir haben eine Wallbox einbauen lassen und suchen einen passenden Tarif.",
            "mein Vertrag läuft im {month} aus, und ich möchte gern bei Ihnen bleiben.",
        ],
        details: &[
            "Unser Verbrauch liegt bei etwa {reading} kWh im Jahr.",
            "Auf Ihrer Seite steht für Neukunden ein deutlich besserer Preis als der, den ich als langjähriger Kunde zahle.",
            "Der Nachtspeicherofen läuft über einen zweiten Zähler, der bisher getrennt abgerechnet wird.",
            "Wichtig ist mir eine Preisgarantie von mindestens zwölf Monaten und echter Ökostrom.",
        ],
        asks: &[
            "Bitte machen Sie mir ein Angebot.",
            "Kann ich sofort wechseln oder muss ich das Ende der Laufzeit abwarten?",
            "Was würde sich an meinem Abschlag ändern?",
        ],
    },
    Topic {
        tag: "Beschwerde",
        weight: 6,
        subjects: &[
            "Beschwerde",
            "Keine Antwort seit Wochen, Vertrag {contract}",
            "So geht es nicht!",
            "Dritte Mahnung trotz Zahlung",
            "Unfreundliche Behandlung an der Hotline",
        ],
        openings: &[
            "ich bin mit Ihrem Service sehr unzufrieden.",
            "seit dem {date} warte ich auf eine Antwort, und nichts passiert.",
            "trotz pünktlicher Zahlung habe ich heute die dritte Mahnung bekommen.",
            "ich habe vierzig Minuten in der Warteschleife gehangen und wurde dann aus der Leitung geworfen.",
        ],
        details: &[
            "Der Betrag von {amount} Euro wurde nachweislich am {date} überwiesen.",
            "Ihr Mitarbeiter hat mir einen Rückruf versprochen, auf den ich bis heute warte.",
            "So etwas habe ich in zwanzig Jahren als Kunde noch nicht erlebt.",
            "Wenn sich das nicht ändert, wende ich mich an die Schlichtungsstelle Energie und an die Bundesnetzagentur.",
            "Mein Anwalt ist bereits informiert.",
        ],
        asks: &[
            "Ich erwarte eine Stellungnahme innerhalb von vierzehn Tagen.",
            "Bitte nehmen Sie die Mahngebühren sofort zurück.",
            "Ich verlange, dass mich jemand anruft, der sich auskennt: {phone}.",
        ],
    },
    Topic {
        tag: "Technische Störung",
        weight: 4,
        subjects: &[
            "Kein Strom in der {address}",
            "Zähler {meter} zeigt nichts an",
            "Login im Portal geht nicht",
            "Störung Gasgeruch im Keller",
            "Display des Zählers defekt",
        ],
        openings: &[
            "seit heute Morgen haben wir keinen Strom.",
            "die Anzeige meines Zählers {meter} ist dunkel.",
            "ich komme nicht mehr in Ihr Kundenportal hinein.",
            "bei uns im Keller riecht es nach Gas, der Notdienst war schon da.",
        ],
        details: &[
            "Die Nachbarn haben Strom, die Sicherungen sind alle in Ordnung.",
            "Die Meldung lautet: Benutzername oder Passwort falsch, obwohl ich beides gerade neu gesetzt habe.",
            "Betroffen ist die Adresse {address}.",
            "Der Monteur vom Netzbetreiber meinte, der Zähler müsse getauscht werden.",
        ],
        asks: &[
            "Bitte schicken Sie so schnell wie möglich jemanden vorbei.",
            "Wer ist dafür zuständig, Sie oder der Netzbetreiber?",
            "Bitte setzen Sie mein Passwort zurück.",
        ],
    },
    Topic {
        tag: "Bescheinigung",
        weight: 3,
        subjects: &["Bescheinigung für das Jobcenter", "Nachweis über Stromkosten {year}", "Vertragsbestätigung benötigt"],
        openings: &[
            "für das Jobcenter benötige ich eine Bescheinigung über meine Abschläge.",
            "für meine Steuererklärung {year} brauche ich einen Nachweis über die gezahlten Beträge.",
            "mein Vermieter verlangt eine Bestätigung, dass ich angemeldet bin.",
        ],
        details: &[
            "Aus dem Schreiben müssen Name, Anschrift ({address}) und monatlicher Abschlag ({amount} Euro) hervorgehen.",
            "Die Frist beim Amt läuft am {date} ab.",
            "Es reicht, wenn Sie mir das Dokument per E-Mail schicken.",
        ],
        asks: &["Vielen Dank, wenn das diese Woche noch klappt.", "Bitte senden Sie mir die Bescheinigung als PDF zu."],
    },
    Topic {
        tag: "Widerruf",
        weight: 2,
        subjects: &["Widerruf meines Vertrags {contract}", "Widerruf innerhalb von 14 Tagen", "Nicht gewollter Vertrag an der Haustür"],
        openings: &[
            "hiermit widerrufe ich den von mir am {date} abgeschlossenen Vertrag über die Lieferung von Strom.",
            "ein Vertreter hat mich an der Haustür überrumpelt, ich will diesen Vertrag nicht.",
            "ich habe nie einen Vertrag mit Ihnen abgeschlossen und widerrufe vorsorglich.",
        ],
        details: &[
            "Bestellt am {date}, Auftragsnummer {contract}, Lieferstelle {address}.",
            "Am Telefon hieß es, es gehe nur um eine Befragung.",
            "Bitte leiten Sie den Widerruf auch an meinen bisherigen Versorger weiter.",
        ],
        asks: &["Bitte bestätigen Sie den Widerruf umgehend schriftlich.", "Sollten Sie schon etwas abgebucht haben, buche ich es zurück."],
    },
    Topic {
        tag: "Spam",
        weight: 2,
        subjects: &["Ihr Paket wartet auf Sie", "Gewinnbenachrichtigung!!!", "Solaranlage zum Nulltarif", "SEO-Angebot für Ihre Webseite"],
        openings: &[
            "Herzlichen Glückwunsch, Sie wurden unter tausenden Teilnehmern ausgewählt.",
            "wir haben Ihre Internetseite geprüft und 37 schwere Fehler gefunden.",
            "nur noch heute: Photovoltaik mit 80 Prozent Rabatt.",
        ],
        details: &[
            "Klicken Sie auf den Verweis und geben Sie Ihre Daten ein, um {amount} Euro zu erhalten.",
            "Über 12.000 zufriedene Unternehmer vertrauen uns bereits.",
            "Dieses Angebot ist streng limitiert und gilt nur bis zum {date}.",
        ],
        asks: &["Antworten Sie jetzt!", "Wann passt Ihnen ein kurzes Telefonat?"],
    },
];

/// What people add when they have a moment.
pub(super) const CHATTER: [&str; 22] = [
    "Ich bin seit {year} Kunde bei Ihnen und war bisher immer zufrieden.",
    "Telefonisch bin ich unter {phone} am besten nach 17 Uhr zu erreichen.",
    "Leider bin ich telefonisch bei Ihnen nicht durchgekommen, daher schreibe ich.",
    "Meine Kundennummer ist {customer}, die Vertragsnummer {contract}.",
    "Meine Frau kümmert sich sonst um diese Dinge, sie liegt aber zurzeit im Krankenhaus.",
    "Falls Sie noch Unterlagen brauchen, sagen Sie mir bitte genau welche, dann schicke ich alles auf einmal.",
    "Ich habe die Angelegenheit schon im {month} einmal geschildert, weiß aber nicht, ob das Schreiben angekommen ist.",
    "Ein Bekannter von mir hatte das gleiche Anliegen, bei ihm hat es innerhalb von zwei Tagen geklappt.",
    "Da ich ab dem {date} verreist bin, wäre ich für eine rasche Bearbeitung dankbar.",
    "Ich weiß, dass Sie gerade viel zu tun haben.",
    "Bitte antworten Sie mir per E-Mail und nicht per Post, der Briefkasten wird bei uns leider öfter aufgebrochen.",
    "Im Internet steht dazu leider jedes Mal etwas anderes.",
    "Die Lieferadresse ist unverändert {address}.",
    "Wir sind ein Haushalt mit drei Personen und wohnen zur Miete.",
    "In der App wird mir seit dem letzten Update nur noch eine leere Seite angezeigt.",
    "Ich hoffe, ich bin bei Ihnen richtig, sonst leiten Sie die Nachricht bitte weiter.",
    "Beim letzten Mal hat das über sechs Wochen gedauert, das muss doch schneller gehen.",
    "Mein Tarif ist {product}, falls das eine Rolle spielt.",
    "Vielen Dank schon einmal für Ihre Mühe.",
    "Ich schreibe auch im Namen meiner Mutter, eine Vollmacht liegt Ihnen vor.",
    "Der Hausmeister in {city} hat mir bestätigt, dass sonst niemand an den Zähler kommt.",
    "Über eine kurze Rückmeldung, ob meine Nachricht angekommen ist, würde ich mich freuen.",
];

/// What the supplier's people write first: subjects and sentences of outgoing and internal messages.
pub(super) const FROM_US: [(&str, &str); 6] = [
    (
        "Ihr Vertrag {contract}: wir brauchen noch eine Angabe",
        "für die Bearbeitung Ihres Anliegens fehlt uns noch der Zählerstand des Zählers {meter}.",
    ),
    ("Ihre Lieferung startet am {date}", "wir freuen uns, Sie ab dem {date} mit dem Tarif {product} zu beliefern."),
    ("Zahlungserinnerung {contract}", "zu Ihrem Vertrag {contract} ist noch ein Betrag von {amount} Euro offen."),
    ("Rückruf vereinbart mit {name}", "der Kunde {name} bittet um Rückruf unter {phone} wegen seiner Abrechnung."),
    (
        "Klärfall Netzbetreiber, Zähler {meter}",
        "der Netzbetreiber meldet für den Zähler {meter} einen abweichenden Stand von {reading} kWh.",
    ),
    ("Änderung Ihres Abschlags", "Ihr neuer Abschlag beträgt ab {month} monatlich {amount} Euro."),
];
