//! The parts of answers that all AWS protocols of the local cloud share.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use uuid::Uuid;

pub fn json(status: StatusCode, content_type: &'static str, body: &Value) -> Response {
    let headers = [
        (CONTENT_TYPE.as_str(), content_type.to_owned()),
        ("x-amzn-requestid", Uuid::new_v4().to_string()),
    ];
    (status, headers, body.to_string()).into_response()
}

/// The answer to a request that failed inside the local cloud. SDKs try again.
pub fn failure(content_type: &'static str, error: &anyhow::Error) -> Response {
    log(error);
    let body = json!({ "__type": "InternalFailure", "message": format!("{error:#}") });
    json(StatusCode::INTERNAL_SERVER_ERROR, content_type, &body)
}

/// Prints an error of the local cloud itself to the terminal. The same error is printed at most every ten seconds, because
/// a full disk fails every request.
pub fn log(error: &anyhow::Error) {
    static LAST: Mutex<Option<(Instant, String)>> = Mutex::new(None);
    let message = format!("{error:#}");
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let is_repeated = last
        .as_ref()
        .is_some_and(|(at, printed)| *printed == message && at.elapsed() < Duration::from_secs(10));
    if !is_repeated {
        eprintln!("local: {message}");
        *last = Some((Instant::now(), message));
    }
}
