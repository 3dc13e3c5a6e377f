//! The zero-settings start: a demo tenant whose ERP is the sandbox, and a file that says how to go on.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    net::SocketAddr,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context as _, Result};
use chrono::{DateTime, Utc};
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    App,
    domain::{
        auth::{
            model::Claims,
            service::{self as auth, Shown, TokenOrder},
        },
        profile::{self, ProfileId, model::NewProfile},
        role::model::AGENT,
        settings::service::{self as settings, Change},
        tag,
        tenant::{self, Tenant, service::NewTenant},
    },
    erp::registry::ErpSystem,
    outbound::OutboundRequest,
    sandbox,
    secret::random_token,
};

const SLUG: &str = "demo";
const EMAIL: &str = "admin@demo.example";
const AGENT_EMAIL: &str = "agent@demo.example";
/// Known to everybody, for trying things out with the rights of an agent; only while the API listens on loopback and is not
/// published under another host.
const AGENT_PASSWORD: &str = "demo-agent";
/// A token in the file that ends sooner is replaced at the start.
const RENEW_BEFORE: chrono::Duration = chrono::Duration::days(14);

/// A running sandbox.
#[derive(Debug)]
pub struct Sandbox {
    address: SocketAddr,
    api_key: SecretString,
}

/// Starts the sandbox and allows exactly its address.
pub fn start_sandbox(
    app: &App,
    (listener, address): (TcpListener, SocketAddr),
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> Result<Sandbox> {
    app.config().outbound_allow.add(&address.ip().to_string(), address.port())?;
    let api_key = kept_key(app)?;
    let options = sandbox::Options { api_key: Some(api_key.clone()) };
    let stop = stop.clone();
    tasks.spawn(async move {
        if let Err(error) = sandbox::serve(listener, options, stop).await {
            tracing::error!(%error, "the ERP sandbox ended");
        }
    });
    tracing::info!(%address, "ERP sandbox ready");
    Ok(Sandbox { address, api_key })
}

/// Creates the demo tenant at the first start, points it to the sandbox, and writes the file `env`.
pub async fn prepare(app: &App, sandbox: Option<&Sandbox>) -> Result<Banner> {
    let path = app.config().data_dir.join("env");
    let known = read_env(&path);
    let tenant = match tenant::service::by_slug(app, SLUG).await? {
        Some(tenant) => tenant,
        None => create(app).await?,
    };
    let mut tx = app.db().tenant_tx(tenant.id).await?;
    let admin = profile::store::first_administrator(&mut tx).await?.context("the demo tenant has no administrator")?;
    tx.commit().await?;
    provide_tags(app, &tenant).await?;
    if let Some(sandbox) = sandbox {
        point_to(app, &tenant, sandbox).await?;
    }
    let password = password(app, &tenant, admin, known.get("DEMO_PASSWORD")).await?;
    let agent = provide_agent(app, &tenant).await?;
    let (token, expires_at) = token(app, &tenant, admin, known.get("ENNEO_TOKEN")).await?;
    let link = auth::make_link(app, tenant.id, admin).await?;
    let banner = Banner {
        public_url: app.config().public_url.as_str().trim_end_matches('/').to_owned(),
        env_file: path,
        password,
        agent,
        token,
        expires_at,
        link,
    };
    banner.write_env()?;
    Ok(banner)
}

async fn create(app: &App) -> Result<Tenant> {
    let new = NewTenant {
        slug: SLUG.parse().map_err(anyhow::Error::msg)?,
        name: "Demo-Stadtwerke".to_owned(),
        hosts: Vec::new(),
        admin_email: EMAIL.to_owned(),
        admin_password: SecretString::from(random_token()),
    };
    match tenant::service::create(app, new).await {
        // A conflict: another node was faster.
        Ok(_) | Err(crate::Error::Problem { code: crate::error::Code::Conflict, .. }) => {}
        Err(error) => return Err(error.into()),
    }
    tenant::service::by_slug(app, SLUG).await?.context("the demo tenant vanished")
}

/// The sandbox's key stays the same over restarts, so that copies in the cache stay good.
fn kept_key(app: &App) -> Result<SecretString> {
    let path = app.config().data_dir.join("sandbox_key");
    if !path.exists() {
        super::database::write_private(&path, random_token().as_bytes())?;
    }
    let key = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    Ok(SecretString::from(key.trim().to_owned()))
}

/// Whether another process serves a sandbox there. Its address is then allowed like our own.
async fn is_sandbox(app: &App, address: SocketAddr) -> bool {
    let Ok(url) = format!("http://{address}/_sandbox/calls").parse() else { return false };
    if app.config().outbound_allow.add(&address.ip().to_string(), address.port()).is_err() {
        return false;
    }
    let request = OutboundRequest::new(Method::GET, url, Duration::from_millis(500));
    let answer = app.outbound().send(request).await;
    answer.is_ok_and(|answer| serde_json::from_slice::<Value>(&answer.body).is_ok_and(|body| body["byOperation"].is_object()))
}

/// Points the demo tenant to this process's sandbox, unless somebody chose otherwise: another system, another URL, or a
/// sandbox that another process serves at this moment.
async fn point_to(app: &App, tenant: &Tenant, sandbox: &Sandbox) -> Result<()> {
    let current = settings::of(app, tenant.id).await?.erp();
    if let Some(call) = &current.contract_by_id {
        let url = url::Url::parse(&call.url).ok();
        let ours = current.system == ErpSystem::Custom && call.url.ends_with("/custom/contractById");
        let address = url.as_ref().filter(|_| ours).and_then(|url| Some(SocketAddr::new(url.host_str()?.parse().ok()?, url.port()?)));
        let Some(address) = address.filter(|address| address.ip().is_loopback()) else { return Ok(()) };
        if address != sandbox.address && is_sandbox(app, address).await {
            tracing::info!(%address, "the demo tenant uses a sandbox that runs already");
            return Ok(());
        }
    }
    let call = |operation: &str| json!({"type": "apiCall", "url": format!("http://{}/custom/{operation}", sandbox.address), "headers": {"x-api-key": "{{secret.SANDBOX_KEY}}"}});
    let body: Map<String, Value> = Map::from_iter([
        ("executorSecrets".to_owned(), json!({"SANDBOX_KEY": sandbox.api_key.expose_secret()})),
        ("searchContractByIdExecutor".to_owned(), call("contractById")),
        ("searchCustomerByIdExecutor".to_owned(), call("customerById")),
        ("searchContractByFieldsExecutor".to_owned(), call("searchByFields")),
        ("searchCustomerByTextExecutor".to_owned(), call("searchByText")),
        ("erpSystem".to_owned(), json!("custom")),
    ]);
    let changes = Change::parse(body)?;
    Ok(settings::update(app, tenant.id, None, changes).await?)
}

/// The tags of a utility, once.
async fn provide_tags(app: &App, tenant: &Tenant) -> Result<()> {
    let mut tx = app.db().tenant_tx(tenant.id).await?;
    tag::seed::provide(&mut tx, tag::service::Author { by: None, now: app.now() }).await?;
    Ok(tx.commit().await?)
}

/// The password in the file, where it still fits; else a new one.
async fn password(app: &App, tenant: &Tenant, admin: ProfileId, known: Option<&String>) -> Result<SecretString> {
    if let Some(known) = known.filter(|text| !text.is_empty()) {
        let password = SecretString::from(known.clone());
        if auth::password_fits(app, tenant.id, EMAIL, &password).await? {
            return Ok(password);
        }
    }
    let password = SecretString::from(random_token());
    let hash = auth::hash_password(password.expose_secret().to_owned()).await?;
    let mut tx = app.db().tenant_tx(tenant.id).await?;
    profile::store::set_password(&mut tx, admin, &hash, app.now()).await?;
    tx.commit().await?;
    Ok(password)
}

/// An agent with a well-known password on a server that only this machine reaches; elsewhere the password is taken away.
async fn provide_agent(app: &App, tenant: &Tenant) -> Result<bool> {
    // A public URL of another host means that a proxy or tunnel leads here.
    let local = match app.config().public_url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let open = local && app.config().listen.ip().is_loopback();
    let known = SecretString::from(AGENT_PASSWORD);
    if auth::password_fits(app, tenant.id, AGENT_EMAIL, &known).await? == open {
        return Ok(open);
    }
    let password = if open { known } else { SecretString::from(random_token()) };
    let hash = auth::hash_password(password.expose_secret().to_owned()).await?;
    let now = app.now();
    let mut tx = app.db().tenant_tx(tenant.id).await?;
    if let Some(agent) = profile::store::find_id_by_email(&mut tx, AGENT_EMAIL).await? {
        profile::store::set_password(&mut tx, agent, &hash, now).await?;
    } else {
        let agent = NewProfile::person("Demo", AGENT_EMAIL, hash, AGENT)?;
        profile::store::insert(&mut tx, &agent, now).await?;
    }
    tx.commit().await?;
    Ok(open)
}

/// The token in the file, where it is good for some time yet; else a new one. Shells that read the file keep working.
async fn token(app: &App, tenant: &Tenant, admin: ProfileId, known: Option<&String>) -> Result<(SecretString, DateTime<Utc>)> {
    if let Some(text) = known
        && let Some(claims) = Claims::verify(text, app.keys())
        && let Some(identity) = auth::identify(app, &Shown::Token(claims.jti)).await?
        && identity.tenant.id == tenant.id
        && identity.expires_at - app.now() > RENEW_BEFORE
    {
        return Ok((SecretString::from(text.clone()), identity.expires_at));
    }
    let order = TokenOrder { tenant, profile: admin, name: "start of the development server", by: None, days: None, until: None };
    let issued = auth::issue_token(app, &order).await?;
    Ok((issued.token, issued.expires_at))
}

fn read_env(path: &PathBuf) -> BTreeMap<String, String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .filter_map(|line| line.strip_prefix("export ")?.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned()))
        .collect()
}

/// What the start prints, and what the file `env` holds.
pub struct Banner {
    public_url: String,
    env_file: PathBuf,
    password: SecretString,
    agent: bool,
    token: SecretString,
    expires_at: DateTime<Utc>,
    link: SecretString,
}

impl Banner {
    fn write_env(&self) -> Result<()> {
        let token = self.token.expose_secret();
        // The values hold no quote: a URL, base64url texts, a JWT, a date.
        let text = format!(
            "# Made at the start of the development server. Use: . {file}\n\
             export BASE='{url}/api/mind'\n\
             export AUTH='Authorization: Bearer {token}'\n\
             export ENNEO_INSTANCE='{url}'\n\
             export ENNEO_TOKEN='{token}'\n\
             export ENNEO_TOKEN_EXPIRES_AT='{expires}'\n\
             export DEMO_EMAIL='{EMAIL}'\n\
             export DEMO_PASSWORD='{password}'\n",
            file = self.env_file.display(),
            url = self.public_url,
            expires = self.expires_at.format("%Y-%m-%dT%H:%M:%SZ"),
            password = self.password.expose_secret(),
        );
        let temporary = self.env_file.with_extension("tmp");
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        // The mode above counts only for a new file.
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
        file.write_all(text.as_bytes())?;
        fs::rename(&temporary, &self.env_file).with_context(|| format!("writing {}", self.env_file.display()))
    }

    /// Tells a person how to go on. Standard output, not the log: it holds a password.
    pub fn print(&self) {
        let Self { public_url, env_file, password, link, .. } = self;
        let file = env_file.display();
        let agent = if self.agent {
            format!("             {AGENT_EMAIL}  {AGENT_PASSWORD}   (an agent: may look up, not configure)\n")
        } else {
            String::new()
        };
        println!(
            "\n  mind is ready at {public_url}/\n\
             \n  API docs   {public_url}/api/mind/docs/\n  signed in  {public_url}/sign-in?token={link}   (works once, within an hour)\n  \
             sign-in    {EMAIL}  {password}\n{agent}\
             \n  Go on in another shell:\n\
             \n  . {file}; curl -s \"$BASE/customer/byContractId/746839\" -H \"$AUTH\"\n",
            link = link.expose_secret(),
            password = password.expose_secret(),
        );
    }
}
