//! What every request is bounded by: time, and a panic that must not take the connection with it.

use std::{any::Any, time::Duration};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::error::{Code, Error};

/// Answers 503 when a handler takes longer than the limit. Its transaction rolls back.
pub async fn within_time(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Error::new(Code::Timeout, "The request took longer than the server allows")
            .details(format!("The limit is {} seconds. It may or may not have taken effect.", limit.as_secs()))
            .into_response(),
    }
}

/// Answers 500 where a handler panicked. The panic itself is logged by the hook.
pub fn after_panic(_: Box<dyn Any + Send + 'static>) -> Response {
    Error::internal(anyhow::anyhow!("a handler panicked; its message is in the line before")).into_response()
}
