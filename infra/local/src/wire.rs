//! What the answers of all AWS protocols here have in common.

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

/// The answer to a request that failed by no fault of its sender: SDKs try again.
pub fn failure(content_type: &'static str, error: &anyhow::Error) -> Response {
    log(error);
    let body = json!({ "__type": "InternalFailure", "message": format!("{error:#}") });
    json(StatusCode::INTERNAL_SERVER_ERROR, content_type, &body)
}

/// Tells the terminal of a failure of the local cloud itself. The same one is told at most every ten seconds: a full disk
/// fails every request.
pub fn log(error: &anyhow::Error) {
    static LAST: Mutex<Option<(Instant, String)>> = Mutex::new(None);
    let message = format!("{error:#}");
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let told = last
        .as_ref()
        .is_some_and(|(at, told)| *told == message && at.elapsed() < Duration::from_secs(10));
    if !told {
        eprintln!("local: {message}");
        *last = Some((Instant::now(), message));
    }
}
