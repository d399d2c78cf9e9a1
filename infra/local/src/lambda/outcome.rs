//! The result of an invocation.

use axum::body::Bytes;
use serde_json::json;

#[derive(Debug)]
pub enum Outcome {
    Answered(Bytes),
    /// The function failed or gave no answer. The error document states why.
    Failed(Bytes),
    /// The function is at its reserved concurrency.
    Throttled,
}

/// The form in which Lambda reports an error.
pub fn error_document(kind: &str, message: &str) -> Bytes {
    json!({"errorType": kind, "errorMessage": message}).to_string().into()
}
