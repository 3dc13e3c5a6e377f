//! What tests are told in: an app on a database of its own, an ERP sandbox beside it, and people who call it.

mod client;
mod clock;
mod guard;
mod postgres;
mod wait;

use std::{collections::BTreeMap, net::SocketAddr, path::Path, sync::Arc};

use chrono::{DateTime, Utc};
use mind::{
    App,
    config::Config,
    db::{Db, TenantTx},
    domain::{
        auth::service::{IssuedToken, TokenOrder, hash_password, issue_token},
        profile::{self, ProfileId, model::NewProfile},
        role::{self, Permission},
        settings::service::{Change, update},
        tenant::{self, Tenant, service::NewTenant},
    },
    outbound::Outbound,
    router, sandbox,
    secret::KeyRing,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::OnceCell};
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;

pub use client::{Answer, Client};
pub use clock::TestClock;
pub use guard::guarded;
pub use postgres::TestDatabase;
pub use wait::within_a_second;

/// Password of everybody who has one.
pub const PASSWORD: &str = "correct horse battery staple";
/// Key the sandbox wants.
pub const SANDBOX_KEY: &str = "sandbox-key-of-the-tests";

/// A server on a socket, with a database and an ERP sandbox of its own.
pub struct TestApp {
    /// The app behind the socket.
    pub app: App,
    /// Its database.
    pub database: TestDatabase,
    /// Its clock, which only moves when told to.
    pub clock: Arc<TestClock>,
    /// Where the API listens.
    pub address: SocketAddr,
    /// Where the sandbox listens.
    pub sandbox: SocketAddr,
    /// The tenant `demo`, connected to the sandbox. It is the default tenant.
    pub demo: TestTenant,
    /// The tenant `other`, with the host `other.example` and an empty store.
    pub other: TestTenant,
    /// Folder of its object store.
    pub files: TempDir,
    _stop: DropGuard,
}

/// A tenant with somebody in every role.
pub struct TestTenant {
    /// The tenant.
    pub tenant: Tenant,
    /// May do everything.
    pub admin: ProfileId,
    /// Has the role Agent.
    pub agent: ProfileId,
    /// Has a role without any permission.
    pub nobody: ProfileId,
}

/// How an app differs from the usual.
#[derive(Default)]
pub struct Setup {
    /// Environment variables.
    pub variables: Vec<(&'static str, String)>,
}

impl TestApp {
    /// The usual app.
    pub async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    /// An app with some variables of the environment set.
    pub async fn with(setup: Setup) -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let database = TestDatabase::create().await;
        let stop = CancellationToken::new();
        let sandbox = start_sandbox(&stop).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let files = tempfile::tempdir().unwrap();
        let config = config(setup, sandbox, files.path());
        let clock = Arc::new(TestClock::default());
        let keys: KeyRing = KeyRing::generate().parse().unwrap();
        let app = app_on(config, &database, keys, Arc::clone(&clock));
        let demo = create_tenant(&app, "demo", &[]).await;
        let other = create_tenant(&app, "other", &["other.example"]).await;
        connect_to_sandbox(&app, &demo.tenant, sandbox).await;
        serve(&app, listener, &stop);
        Self { app, database, clock, address, sandbox, demo, other, files, _stop: stop.drop_guard() }
    }

    /// A second node on the same database, with caches of its own.
    pub async fn second_node(&self) -> (App, SocketAddr, DropGuard) {
        let keys = self.app.keys().clone();
        let app = app_on(self.app.config().clone(), &self.database, keys, Arc::clone(&self.clock));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        serve(&app, listener, &stop);
        (app, address, stop.drop_guard())
    }

    /// Calls without a credential.
    pub fn anonymous(&self) -> Client {
        Client::new(self.address)
    }

    /// A fresh token of somebody.
    pub async fn issue(&self, tenant: &TestTenant, profile: ProfileId) -> IssuedToken {
        let order = TokenOrder { tenant: &tenant.tenant, profile, name: "test", by: None, days: None, until: None };
        issue_token(&self.app, &order).await.unwrap()
    }

    /// Calls as somebody, with a fresh token.
    pub async fn call_as(&self, tenant: &TestTenant, profile: ProfileId) -> Client {
        let issued = self.issue(tenant, profile).await;
        self.anonymous().bearer(issued.token.expose_secret())
    }

    /// Signs in with [`PASSWORD`], on the default tenant's bare host.
    pub async fn sign_in(&self, email: &str) -> Answer {
        self.anonymous().post("/api/auth/v1/login", &json!({"email": email, "password": PASSWORD})).await
    }

    /// Calls with the cookie of a fresh session in `demo`.
    pub async fn browser(&self, email: &str) -> Client {
        let login = self.sign_in(email).await.ok();
        self.anonymous().cookie_of(&login)
    }

    /// The administrator of `demo`.
    pub async fn admin(&self) -> Client {
        self.call_as(&self.demo, self.demo.admin).await
    }

    /// An agent of `demo`.
    pub async fn agent(&self) -> Client {
        self.call_as(&self.demo, self.demo.agent).await
    }

    /// Somebody of `demo` without any permission.
    pub async fn nobody(&self) -> Client {
        self.call_as(&self.demo, self.demo.nobody).await
    }

    /// The administrator of `other`.
    pub async fn other_tenant(&self) -> Client {
        self.call_as(&self.other, self.other.admin).await
    }

    /// Somebody of `demo` with exactly these permissions.
    pub async fn with_permissions(&self, permissions: &[Permission]) -> Client {
        let names: Vec<&str> = permissions.iter().map(|permission| permission.as_str()).collect();
        let mut tx = self.tx(&self.demo).await;
        let profile = add_profile(&mut tx, &format!("only-{}", names.join("-")), &names, self.now()).await;
        tx.commit().await.unwrap();
        self.call_as(&self.demo, profile).await
    }

    /// A transaction in a tenant.
    pub async fn tx(&self, tenant: &TestTenant) -> TenantTx {
        self.app.db().tenant_tx(tenant.tenant.id).await.unwrap()
    }

    /// The app's time.
    pub fn now(&self) -> DateTime<Utc> {
        self.app.now()
    }

    /// Calls the sandbox's own controls.
    pub fn sandbox_controls(&self) -> Client {
        Client::new(self.sandbox)
    }

    /// Calls the sandbox has counted, all operations or one.
    pub async fn sandbox_calls(&self, operation: Option<&str>) -> u64 {
        let body = self.sandbox_controls().get("/_sandbox/calls").await.body;
        let count = operation.map_or(&body["total"], |operation| &body["byOperation"][operation]);
        count.as_u64().unwrap()
    }

    /// Makes the sandbox misbehave.
    pub async fn sandbox_faults(&self, faults: Value) {
        assert_eq!(self.sandbox_controls().post("/_sandbox/faults", &faults).await.status, 200);
    }

    /// Types of the events of a tenant, oldest first.
    pub async fn events(&self, tenant: &TestTenant) -> Vec<(String, Value)> {
        let mut tx = self.tx(tenant).await;
        let rows: Vec<(String, Option<Value>)> =
            sqlx::query_as("select type, data from event order by id").fetch_all(tx.connection()).await.unwrap();
        rows.into_iter().map(|(kind, data)| (kind, data.unwrap_or_default())).collect()
    }
}

fn config(setup: Setup, sandbox: SocketAddr, files: &Path) -> Config {
    let mut variables = BTreeMap::from([
        ("MIND_OUTBOUND_ALLOW".to_owned(), sandbox.to_string()),
        ("MIND_STORAGE_URL".to_owned(), Url::from_directory_path(files).unwrap().into()),
        ("MIND_DB_POOL_SIZE".to_owned(), "8".to_owned()),
        ("MIND_DB_READ_POOL_SIZE".to_owned(), "4".to_owned()),
        ("MIND_SIGN_IN_ATTEMPTS_PER_ADDRESS".to_owned(), "1000".to_owned()),
    ]);
    variables.extend(setup.variables.into_iter().map(|(name, value)| (name.to_owned(), value)));
    Config::from_map(variables).unwrap()
}

fn app_on(config: Config, database: &TestDatabase, keys: KeyRing, clock: Arc<TestClock>) -> App {
    let db = Db::from_options(database.login(), &config);
    let outbound = Outbound::new(config.outbound_allow.clone(), config.outbound_connect_timeout).unwrap();
    App::new(config, db, keys, clock, Arc::new(outbound))
}

fn serve(app: &App, listener: TcpListener, stop: &CancellationToken) {
    let service = router::build(app.clone()).unwrap().into_make_service_with_connect_info::<SocketAddr>();
    let stop = stop.clone();
    tokio::spawn(async move { axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned()).await.unwrap() });
}

async fn start_sandbox(stop: &CancellationToken) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let options = sandbox::Options { api_key: Some(SecretString::from(SANDBOX_KEY)) };
    tokio::spawn(sandbox::serve(listener, options, stop.clone()));
    address
}

async fn create_tenant(app: &App, slug: &str, hosts: &[&str]) -> TestTenant {
    let new = NewTenant {
        slug: slug.parse().unwrap(),
        name: format!("Stadtwerke {slug}"),
        hosts: hosts.iter().map(|&host| host.to_owned()).collect(),
        admin_email: format!("admin@{slug}.example"),
        admin_password: SecretString::from(PASSWORD),
    };
    let id = tenant::service::create(app, new).await.unwrap();
    let mut tx = app.db().tenant_tx(id).await.unwrap();
    let admin = profile::store::first_administrator(&mut tx).await.unwrap().unwrap();
    let agent = NewProfile::person("Agent", &format!("agent@{slug}.example"), password_hash().await, role::model::AGENT).unwrap();
    let agent = profile::store::insert(&mut tx, &agent, app.now()).await.unwrap();
    let nobody = add_profile(&mut tx, "nobody", &[], app.now()).await;
    tx.commit().await.unwrap();
    let tenant = tenant::service::by_slug(app, slug).await.unwrap().unwrap();
    TestTenant { tenant, admin, agent, nobody }
}

/// Adds a profile whose role holds exactly these permissions.
async fn add_profile(tx: &mut TenantTx, name: &str, permissions: &[&str], now: DateTime<Utc>) -> ProfileId {
    let role: i64 =
        sqlx::query_scalar("insert into role (name, base_role_id, permissions, created_at) values ($1, 2, $2, $3) returning id")
            .bind(name)
            .bind(permissions)
            .bind(now)
            .fetch_one(tx.connection())
            .await
            .unwrap();
    let new = NewProfile::person("Test", &format!("{}@roles.example", name.to_lowercase()), password_hash().await, role).unwrap();
    profile::store::insert(tx, &new, now).await.unwrap()
}

/// Argon2id hash of [`PASSWORD`], made once a process: it takes time on purpose.
async fn password_hash() -> String {
    static HASH: OnceCell<String> = OnceCell::const_new();
    HASH.get_or_init(|| async { hash_password(PASSWORD.to_owned()).await.unwrap() }).await.clone()
}

async fn connect_to_sandbox(app: &App, tenant: &Tenant, sandbox: SocketAddr) {
    let call = |operation: &str| json!({"type": "apiCall", "url": format!("http://{sandbox}/custom/{operation}"), "headers": {"x-api-key": "{{secret.SANDBOX_KEY}}"}});
    let body = json!({
        "erpSystem": "custom",
        "executorSecrets": {"SANDBOX_KEY": SANDBOX_KEY},
        "searchContractByIdExecutor": call("contractById"),
        "searchCustomerByIdExecutor": call("customerById"),
        "searchContractByFieldsExecutor": call("searchByFields"),
        "searchCustomerByTextExecutor": call("searchByText"),
    });
    let changes = Change::parse(body.as_object().cloned().unwrap_or_else(Map::new)).unwrap();
    update(app, tenant.id, None, changes).await.unwrap();
}
