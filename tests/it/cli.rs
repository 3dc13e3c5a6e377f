//! The binary as a person or a script uses it: arguments, environment, output, exit codes.

pub mod program;
mod seed;
mod serve;

use std::{net::SocketAddr, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use mind::{
    App,
    app::SystemClock,
    config::{Config, VARIABLES},
    db::Db,
    domain::tenant,
    outbound::Outbound,
    router,
    secret::{KeyRing, Place},
};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use sqlx::ConnectOptions as _;
use tokio::net::TcpListener;

use self::program::{Folder, Program, free_address};
use crate::{
    openapi::walk,
    support::{Client, TestDatabase, guarded},
};

#[tokio::test]
async fn help_lists_every_command_and_every_setting() {
    guarded(async {
        let folder = Folder::new();
        let help = folder.mind(&["--help"]).run().await.ok().out;
        for variable in VARIABLES {
            assert!(help.contains(variable.name) && help.contains(variable.meaning), "{}", variable.name);
        }
        for command in ["serve", "migrate", "openapi", "tenant", "token", "secret", "erp-sandbox"] {
            assert!(help.lines().any(|line| line.trim_start().starts_with(command)), "{command}");
            folder.mind(&[command, "--help"]).run().await.ok();
        }
        let version = folder.mind(&["--version"]).run().await.ok().out;
        assert_eq!(version.trim_end(), format!("mind {}", env!("CARGO_PKG_VERSION")));
        assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "asking for help left files");
    })
    .await;
}

#[tokio::test]
async fn wrong_usage_ends_with_2_and_says_what_is_wrong() {
    guarded(async {
        let folder = Folder::new();
        for (arguments, wanted) in [
            (&["frobnicate"] as &[&str], "frobnicate"),
            (&["serve", "--role", "cook"], "cook"),
            (&["tenant", "create", "Not-A-Slug", "--name", "x", "--admin-email", "a@b.de"], "lower-case letters"),
            (&["tenant", "create", "fine"], "--admin-email"),
            (&["token", "create"], "--tenant"),
            (&["token", "create", "--tenant", "demo", "--expires-in-days", "0"], "0"),
            (&["token", "revoke", "--tenant", "demo", "not-an-id"], "not-an-id"),
            (&["erp-sandbox", "--listen", "nowhere"], "nowhere"),
        ] {
            let outcome = folder.mind(arguments).run().await;
            assert_eq!(outcome.code, 2, "{arguments:?}: {outcome:?}");
            assert!(outcome.err.contains(wanted) && outcome.out.is_empty(), "{arguments:?}: {outcome:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_malformed_setting_is_one_line_and_2() {
    guarded(async {
        let folder = Folder::new();
        for (name, value, wanted) in [
            ("MIND_LISTEN", "8080", "`8080` is not an address such as 127.0.0.1:8080"),
            ("MIND_ENV", "staging", "neither development nor production"),
            ("MIND_SECRET_KEY", "c2hvcnQ=", "openssl rand -base64 32"),
            ("DATABASE_URL", "mysql://root:hunter2@db/x", "postgres://"),
            ("MIND_DB_POOL_SIZE", "1", "between 2 and 500"),
            ("MIND_LOG", "mind=loud", "MIND_LOG"),
        ] {
            let outcome = folder.mind(&["serve"]).set(name, value).run().await;
            let line = outcome.one_line(2);
            assert!(line.contains(name) && line.contains(wanted), "{line}");
            assert!(!line.contains("hunter2") && !line.contains("c2hvcnQ="), "a secret is in {line}");
        }
        assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "a refused start left files");
    })
    .await;
}

#[tokio::test]
async fn production_starts_with_a_database_and_a_key_or_not_at_all() {
    guarded(async {
        let folder = Folder::new();
        let production = |arguments: &[&str]| {
            folder.mind(arguments).set("MIND_ENV", "production").set("MIND_LISTEN", "127.0.0.1:0").set("MIND_ADMIN_LISTEN", "off")
        };
        let outcome = production(&["serve"]).run().await;
        assert!(outcome.one_line(2).contains("DATABASE_URL"), "{outcome:?}");
        let database = TestDatabase::empty().await;
        let url = database.login().to_url_lossy().to_string();
        let outcome = production(&["serve"]).set("DATABASE_URL", &url).run().await;
        let line = outcome.one_line(2);
        assert!(line.contains("MIND_SECRET_KEY") && line.contains("openssl rand -base64 32"), "{line}");
        // Only `mind migrate` changes the schema, so that a rolling update decides when.
        for command in [&["serve"] as &[&str], &["tenant", "list"]] {
            let outcome = production(command).set("DATABASE_URL", &url).set("MIND_SECRET_KEY", &KeyRing::generate()).run().await;
            assert_eq!(outcome.code, 1, "{outcome:?}");
            assert!(outcome.err.contains("mind migrate"), "{outcome:?}");
        }
        let tables: i64 = sqlx::query_scalar("select count(*) from pg_tables where schemaname = 'public'")
            .fetch_one(&mut database.connect().await)
            .await
            .unwrap();
        assert_eq!(tables, 0);
        assert!(!folder.file(".mind").exists(), "production made a data folder");
    })
    .await;
}

#[tokio::test]
async fn the_description_needs_nothing() {
    guarded(async {
        let folder = Folder::new();
        // Not even an environment that could be used.
        let printed = folder.mind(&["openapi"]).set("MIND_LISTEN", "nonsense").run().await.ok();
        assert_eq!(serde_json::from_str::<Value>(&printed.out).unwrap(), walk::spec());
        let (same, other, missing) = (folder.file("same.json"), folder.file("other.json"), folder.file("missing.json"));
        std::fs::write(&same, &printed.out).unwrap();
        std::fs::write(&other, printed.out.replace("\"version\"", "\"version \"")).unwrap();
        let check = async |path: &std::path::Path| folder.mind(&["openapi", "--check", path.to_str().unwrap()]).run().await;
        assert_eq!(check(&same).await.ok().out, "");
        assert!(check(&other).await.one_line(1).contains("mind openapi > "));
        assert!(check(&missing).await.one_line(1).contains("missing.json"));
    })
    .await;
}

/// A database for the commands, with a key and nothing started.
struct Office {
    folder: Folder,
    database: TestDatabase,
    key: String,
}

impl Office {
    async fn open() -> Self {
        Self { folder: Folder::new(), database: TestDatabase::create().await, key: KeyRing::generate() }
    }

    fn mind(&self, arguments: &[&str]) -> Program {
        let url = self.database.login().to_url_lossy().to_string();
        self.folder.mind(arguments).set("DATABASE_URL", &url).set("MIND_SECRET_KEY", &self.key)
    }

    async fn tenant(&self, slug: &str) -> String {
        let email = format!("boss@{slug}.example");
        let host = format!("{slug}.example");
        self.mind(&["tenant", "create", slug, "--name", "Stadtwerke Süd", "--host", &host, "--admin-email", &email]).run().await.ok().out
    }

    /// A server on this database and with this key, as it would run beside the commands.
    async fn server(&self) -> (App, Client) {
        rustls::crypto::ring::default_provider().install_default().ok();
        let config = Config::from_map([("MIND_SECRET_KEY".to_owned(), self.key.clone())].into()).unwrap();
        let db = Db::from_options(self.database.login(), &config);
        let outbound = Arc::new(Outbound::new(config.outbound_allow.clone(), config.outbound_connect_timeout).unwrap());
        let keys = config.secret_key.clone().unwrap();
        let app = App::new(config, db, keys, Arc::new(SystemClock), outbound);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = Client::new(listener.local_addr().unwrap());
        let service = router::build(app.clone()).unwrap().into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        (app, client)
    }
}

impl Office {
    /// The one secret that is stored, read with the keys of a server.
    async fn secret(&self, app: &App) -> String {
        let tenant = tenant::service::by_slug(app, "sued").await.unwrap().unwrap().id;
        let mut tx = app.db().tenant_tx(tenant).await.unwrap();
        let (name, envelope): (String, Vec<u8>) =
            sqlx::query_as("select name, secret from setting where secret is not null").fetch_one(tx.connection()).await.unwrap();
        assert!(!envelope.windows(4).any(|window| window == b"kept"), "the secret is stored in clear");
        String::from_utf8(app.keys().open(Place { tenant: tenant.0, table: "setting", name: &name }, &envelope).unwrap()).unwrap()
    }
}

/// The id that a token carries.
fn jti(token: &str) -> String {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice::<Value>(&claims).unwrap()["jti"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn migrate_says_what_it_did_and_can_be_repeated() {
    guarded(async {
        let folder = Folder::new();
        let database = TestDatabase::empty().await;
        let url = database.login().to_url_lossy().to_string();
        for _ in 0..2 {
            let migrate = folder
                .mind(&["migrate"])
                .set("DATABASE_URL", &url)
                .set("MIND_ENV", "production")
                .set("MIND_SECRET_KEY", &KeyRing::generate());
            assert_eq!(migrate.run().await.ok().out, "the schema is up to date\n");
        }
        let gone = folder.mind(&["migrate"]).set("DATABASE_URL", "postgres://mind:hunter2@127.0.0.1:1/mind").run().await;
        assert_eq!(gone.code, 1, "{gone:?}");
        assert!(gone.err.contains("cannot be reached") && !gone.err.contains("hunter2"), "{gone:?}");
    })
    .await;
}

#[tokio::test]
async fn tenants_are_created_once_and_listed() {
    guarded(async {
        let office = Office::open().await;
        assert_eq!(office.mind(&["tenant", "list"]).run().await.ok().out, "");
        let created = office.tenant("sued").await;
        let password = created.lines().find_map(|line| line.strip_prefix("password (shown once): ")).unwrap();
        let again = office.mind(&["tenant", "create", "sued", "--name", "x", "--admin-email", "a@b.de"]).run().await;
        assert!(again.one_line(1).contains("slug is taken by another tenant"), "{again:?}");
        let host_taken =
            office.mind(&["tenant", "create", "nord", "--name", "x", "--host", "SUED.example:443", "--admin-email", "a@b.de"]).run().await;
        assert!(host_taken.one_line(1).contains("host is taken by another tenant"), "{host_taken:?}");
        let no_email = office.mind(&["tenant", "create", "nord", "--name", "x", "--admin-email", "nobody"]).run().await;
        assert!(no_email.one_line(1).contains("email"), "{no_email:?}");
        let list = office.mind(&["tenant", "list"]).run().await.ok().out;
        let fields: Vec<&str> = list.trim_end().split('\t').collect();
        assert_eq!(fields[1..4], ["sued", "Stadtwerke Süd", "sued.example"], "a refused tenant left something: {list}");
        let (_app, client) = office.server().await;
        let login = json!({"email": "boss@sued.example", "password": password, "tenant": "sued"});
        let session = client.post("/api/auth/v1/login", &login).await.ok();
        assert_eq!(session.body["tenant"], "sued");
        // It starts with a store of its own and without data.
        let settings = client.cookie_of(&session).get("/api/mind/settings/compact").await.ok();
        assert_eq!(settings.body["erpSystem"], "store");
    })
    .await;
}

#[tokio::test]
async fn a_token_stands_alone_on_standard_output_until_it_is_revoked() {
    guarded(async {
        let office = Office::open().await;
        office.tenant("sued").await;
        let (_app, client) = office.server().await;
        let created = office.mind(&["token", "create", "--tenant", "sued", "--expires-in-days", "7"]).run().await.ok();
        let token = created.out.strip_suffix('\n').unwrap();
        assert!(!token.contains(char::is_whitespace) && token.split('.').count() == 3, "{created:?}");
        let bearer = client.clone().bearer(token);
        let session = bearer.get("/api/auth/v1/session").await.ok();
        assert_eq!((&session.body["tenant"], &session.body["kind"]), (&json!("sued"), &json!("userToken")));
        let named = office.mind(&["token", "create", "--tenant", "sued", "--email", "BOSS@sued.example"]).run().await.ok();
        assert_ne!(named.out, created.out);
        let list = office.mind(&["token", "list", "--tenant", "sued"]).run().await.ok().out;
        assert_eq!(list.lines().count(), 2, "{list}");
        assert!(list.contains(&jti(token)) && !list.contains(token), "{list}");
        office.mind(&["token", "revoke", "--tenant", "sued", &jti(token)]).run().await.ok();
        // On every node within a second.
        let revoked = async { while bearer.get("/api/auth/v1/session").await.status != 401 {} };
        tokio::time::timeout(std::time::Duration::from_secs(3), revoked).await.expect("revoked soon");
        client.bearer(named.out.trim_end()).get("/api/auth/v1/session").await.ok();
        for (arguments, wanted) in [
            (&["token", "create", "--tenant", "nord"] as &[&str], "there is no tenant nord"),
            (&["token", "create", "--tenant", "sued", "--email", "nobody@sued.example"], "no profile nobody@sued.example"),
            (&["token", "revoke", "--tenant", "sued", "00000000-0000-4000-8000-000000000000"], "no token"),
            (&["token", "list", "--tenant", "nord"], "there is no tenant nord"),
        ] {
            let outcome = office.mind(arguments).run().await;
            assert!(outcome.one_line(1).contains(wanted), "{outcome:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_key_is_replaced_without_losing_a_secret_or_a_session() {
    guarded(async {
        let mut office = Office::open().await;
        office.tenant("sued").await;
        let token = office.mind(&["token", "create", "--tenant", "sued"]).run().await.ok().out;
        let (_app, client) = office.server().await;
        let secret = json!({"executorSecrets": {"KEY": "kept through the rotation"}});
        client.bearer(token.trim_end()).post("/api/mind/settings", &secret).await.ok();
        let old = office.key.clone();
        let new = KeyRing::generate();
        office.key = format!("{new},{old}");
        assert_eq!(office.mind(&["secret", "rotate"]).run().await.ok().out, "1 secrets re-encrypted\n");
        assert_eq!(office.mind(&["secret", "rotate"]).run().await.ok().out, "0 secrets re-encrypted\n");
        // While both keys are there, tokens under the old one go on working.
        let (app, both) = office.server().await;
        both.bearer(token.trim_end()).get("/api/mind/settings/compact").await.ok();
        assert_eq!(office.secret(&app).await, r#"{"KEY":"kept through the rotation"}"#);
        office.key = new;
        let (app, alone) = office.server().await;
        assert_eq!(office.secret(&app).await, r#"{"KEY":"kept through the rotation"}"#);
        alone.clone().bearer(token.trim_end()).get("/api/mind/profile").await.problem(401, "unauthenticated");
        let token = office.mind(&["token", "create", "--tenant", "sued"]).run().await.ok().out;
        alone.bearer(token.trim_end()).get("/api/mind/settings/compact").await.ok();
        // Without the key that encrypted it, a rotation fails and says why.
        office.key = old;
        let outcome = office.mind(&["secret", "rotate"]).run().await;
        assert!(outcome.one_line(1).contains("MIND_SECRET_KEY"), "{outcome:?}");
    })
    .await;
}

#[tokio::test]
async fn an_unknown_setting_is_a_warning() {
    guarded(async {
        let office = Office::open().await;
        let outcome = office.mind(&["tenant", "list"]).set("MIND_LISTEM", "127.0.0.1:1").run().await.ok();
        assert!(outcome.err.contains("MIND_LISTEM") && outcome.err.contains("WARN"), "{outcome:?}");
        let outcome = office.mind(&["tenant", "list"]).run().await.ok();
        assert_eq!(outcome.err, "", "nothing to warn of");
    })
    .await;
}

#[tokio::test]
async fn a_taken_port_is_one_line_that_names_its_setting() {
    guarded(async {
        let folder = Folder::new();
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = taken.local_addr().unwrap().to_string();
        for setting in ["MIND_LISTEN", "MIND_ADMIN_LISTEN", "MIND_SANDBOX_LISTEN"] {
            let mut program = folder.mind(&["serve"]).set("MIND_LOG", "warn").set("MIND_LISTEN", &free_address());
            program = program.set("MIND_ADMIN_LISTEN", "off").set("MIND_SANDBOX_LISTEN", "off").set(setting, &address);
            let outcome = program.run().await;
            let line = outcome.one_line(1);
            assert!(line.contains(setting) && line.contains(&address) && line.contains("taken"), "{line}");
        }
        assert!(!folder.file(".mind").exists(), "a database was made before the port was looked at");
        let outcome = folder.mind(&["erp-sandbox", "--listen", &address]).run().await;
        assert!(outcome.one_line(1).contains("--listen"), "{outcome:?}");
    })
    .await;
}
