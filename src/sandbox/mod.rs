//! A stand-alone ERP with a fictional world behind it, for trying things out and for tests over a real socket.
//!
//! The world ([`world`]) knows no protocol; a dialect such as the custom ERP's four calls maps it to the wire. The
//! sandbox shares nothing with the adapters it is called by, so an error in one is not hidden by the same error in the
//! other. Faults can be switched on and calls counted, see the paths that `GET /` lists.

pub(crate) mod check_digits;
mod control;
mod custom;
mod demo;
pub mod lynqtech;
mod lynqtech_wire;
pub mod model;
pub(crate) mod names;
pub mod powercloud;
mod powercloud_wire;
mod search;
mod supply;
mod wire;
pub mod world;

use std::{future::IntoFuture, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
    serve::ListenerExt,
};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::{control::Switchboard, world::World};

/// How long requests in progress may take once the server is asked to stop: a fault's delay must not hold it.
const GRACE: Duration = Duration::from_secs(2);

/// What can be chosen at start.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Key that protocol calls must carry in `x-api-key`; without one they are open to all.
    pub api_key: Option<SecretString>,
}

/// The running sandbox: the world, who may ask, and the switches of the control calls.
#[derive(Debug)]
pub struct Sandbox {
    world: World,
    api_key: Option<SecretString>,
    switchboard: Switchboard,
    lynqtech: lynqtech::Tokens,
}

/// Every path of the sandbox, over a world of its own with counters at zero and no faults.
pub fn router(options: Options) -> Router {
    let sandbox = Arc::new(Sandbox {
        world: World::build(),
        api_key: options.api_key,
        switchboard: Switchboard::default(),
        lynqtech: lynqtech::Tokens::default(),
    });
    Router::new()
        .route("/", get(describe))
        .merge(custom::routes())
        .merge(powercloud::routes())
        .merge(lynqtech::routes())
        .merge(control::routes())
        .fallback(async || refuse(StatusCode::NOT_FOUND, "no such path; GET / lists what there is"))
        .method_not_allowed_fallback(async || {
            refuse(StatusCode::METHOD_NOT_ALLOWED, "this path has another method; GET / lists what there is")
        })
        .with_state(sandbox)
}

/// Answers on `listener` until `stop` is cancelled and requests in progress are done, or two seconds have passed.
pub async fn serve(listener: TcpListener, options: Options, stop: CancellationToken) -> std::io::Result<()> {
    let listener = listener.tap_io(|stream| {
        // An answer in two packets would otherwise wait for the peer's delayed acknowledgement.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a sandbox connection keeps Nagle's algorithm");
        }
    });
    let server = axum::serve(listener, router(options)).with_graceful_shutdown(stop.clone().cancelled_owned());
    tokio::select! {
        ended = server.into_future() => ended,
        () = async { stop.cancelled().await; tokio::time::sleep(GRACE).await } => Ok(()),
    }
}

async fn describe() -> Response {
    reply(
        StatusCode::OK,
        &json!({
            "name": "mind ERP sandbox",
            "description": "A stand-in for an energy supplier's ERP. Every customer and contract is fictional.",
            "demo": { "contractId": 746_839, "customerId": 83771 },
            "powercloud": { "hash": powercloud::HASH, "user": powercloud::USER, "password": "the sandbox's key, or sandbox" },
            "paths": {
                "GET /": "this page",
                "POST /custom/contractById": { "contractId": 746_839 },
                "POST /custom/customerById": { "customerId": 83771 },
                "POST /custom/searchByFields": { "meterNumber": "1ESY1160669167", "ticketId": 1 },
                "POST /custom/searchByText": { "q": "Mustermann", "limit": 10, "offset": 0 },
                "GET /rest:client/{hash}/getContractById": { "id": 746_839 },
                "GET /rest:client/{hash}/getCustomerById": { "id": 83771 },
                "GET /rest:client/{hash}/getContractsByCustomer": { "customerId": 83771, "limit": 100, "offset": 0 },
                "GET /rest:client/{hash}/searchContracts": { "counterNumber": "1ESY1160669167" },
                "GET /rest:client/{hash}/searchCustomers": { "search": "Mustermann", "limit": 10, "offset": 0 },
                "POST /oauth2/token": "grant_type=client_credentials as a form, Basic sandbox:<key>",
                "GET /api/contracts/{id}": "LynqTech; with Bearer, Basic sandbox:<key>, or x-api-key",
                "GET /api/customers/{id}": "LynqTech",
                "GET /api/customers/{id}/contracts": "LynqTech",
                "GET /api/customers": "LynqTech; email, lastName, meterNumber or q, and limit, offset",
                "GET /_sandbox/lynqtech": "tokens given out, calls refused",
                "POST /_sandbox/lynqtech/forgetTokens": "the next call with a token is answered with 401",
                "GET /_sandbox/calls": "how often each operation was called",
                "GET /_sandbox/faults": "faults in force",
                "POST /_sandbox/faults": { "delayMs": 0, "status": 503, "nonsense": false, "operations": ["contractById"] },
                "POST /_sandbox/reset": "counters to zero, no faults",
            },
        }),
    )
}

/// Why a request gets no answer of the protocol.
#[derive(Debug)]
struct Refusal(StatusCode, String);

impl Refusal {
    fn bad_request(message: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, message.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        refuse(self.0, &self.1)
    }
}

fn refuse(status: StatusCode, message: &str) -> Response {
    reply(status, &json!({ "error": message }))
}

fn reply(status: StatusCode, answer: &impl Serialize) -> Response {
    match serde_json::to_vec(answer) {
        Ok(body) => (status, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => {
            tracing::error!(%error, "a sandbox answer could not be written as JSON");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The body as a JSON object.
fn object(body: &Bytes) -> Result<serde_json::Map<String, Value>, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Refusal::bad_request("the body must be a JSON object")),
        Err(error) => Err(Refusal::bad_request(format!("the body is not JSON: {error}"))),
    }
}
