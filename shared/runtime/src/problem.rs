//! Turns errors into RFC 9457 problems: each code's status and title, each error's detail.

use domain::{Code, Error, FieldError};
use serde_json::{Value, json};

pub struct Problem {
    pub status: u16,
    pub code: Code,
    pub title: &'static str,
    pub detail: String,
    pub errors: Vec<FieldError>,
    pub details: Option<Value>,
    /// Whether the answer has a `Retry-After` header.
    pub retry_after: bool,
}

/// How many invalid fields a problem lists. A body can have thousands.
const MOST_ERRORS: usize = 100;

/// The HTTP status of a code.
pub const fn status(code: Code) -> u16 {
    match code {
        Code::KeyMismatch | Code::MalformedRequest | Code::ValidationFailed => 400,
        Code::NotAuthorized => 401,
        Code::Forbidden => 403,
        Code::NotFound | Code::TenantNotFound => 404,
        Code::MethodNotAllowed => 405,
        Code::Conflict
        | Code::NotEmpty
        | Code::CustomerDisabled
        | Code::ReactivationWindowClosed
        | Code::SecretAlreadyDelivered
        | Code::RequestInProgress => 409,
        Code::VersionMismatch => 412,
        Code::PayloadTooLarge => 413,
        Code::UnsupportedMediaType => 415,
        Code::IdempotencyKeyReused => 422,
        Code::Internal => 500,
        Code::Unavailable => 503,
    }
}

/// The problem's title, the same for every problem with this code.
pub const fn title(code: Code) -> &'static str {
    match code {
        Code::NotAuthorized => "Not authorized",
        Code::Forbidden => "Forbidden",
        Code::KeyMismatch => "Key mismatch",
        Code::NotFound => "Not found",
        Code::MethodNotAllowed => "Method not allowed",
        Code::TenantNotFound => "Tenant not found",
        Code::MalformedRequest => "Malformed request",
        Code::ValidationFailed => "Validation failed",
        Code::Conflict => "Conflict",
        Code::NotEmpty => "Not empty",
        Code::CustomerDisabled => "Customer disabled",
        Code::ReactivationWindowClosed => "Reactivation window closed",
        Code::VersionMismatch => "Version mismatch",
        Code::IdempotencyKeyReused => "Idempotency key reused",
        Code::SecretAlreadyDelivered => "Secret already delivered",
        Code::RequestInProgress => "Request in progress",
        Code::PayloadTooLarge => "Payload too large",
        Code::UnsupportedMediaType => "Unsupported media type",
        Code::Unavailable => "Unavailable",
        Code::Internal => "Internal error",
    }
}

impl Problem {
    pub fn of(error: &Error) -> Self {
        let code = error.code();
        Self {
            status: status(code),
            code,
            title: title(code),
            detail: detail(error),
            errors: match error {
                Error::Validation(errors) => errors.iter().take(MOST_ERRORS).cloned().collect(),
                _ => Vec::new(),
            },
            details: details(error),
            retry_after: code == Code::Unavailable,
        }
    }

    /// The JSON body.
    pub fn body(&self, request_id: &str) -> Value {
        let mut body = json!({
            "type": format!("urn:customer-service:problem:{}", self.code.name()),
            "title": self.title,
            "status": self.status,
            "code": self.code.name(),
            "detail": self.detail,
            "requestId": request_id,
        });
        if !self.errors.is_empty() {
            body["errors"] = json!(self.errors);
        }
        if let Some(details) = &self.details {
            body["details"] = details.clone();
        }
        body
    }
}

/// One sentence for people.
fn detail(error: &Error) -> String {
    match error {
        Error::NoCredentials(reason)
        | Error::NotAuthorized(reason)
        | Error::Conflict { reason, .. }
        | Error::NotEmpty { reason } => sentence(reason),
        Error::Forbidden { permission, reason } => {
            format!("The permission {} is required: {reason}.", permission.name())
        }
        Error::KeyMismatch { field, .. } => format!("The {field} is not the caller's."),
        Error::NotFound(kind) => format!("There is no such {}.", kind.name),
        Error::NoRoute(_) => "The API has no such path.".into(),
        Error::MethodNotAllowed(allowed) => format!("This path takes only {}.", allowed.join(", ")),
        Error::TenantNotFound => "No tenant has that bootstrap key.".into(),
        Error::Malformed(reason) => format!("The body can't be read: {reason}."),
        Error::Validation(errors) => match errors.as_slice() {
            [only] if only.field.is_empty() => sentence(&only.message),
            [only] => format!("{} {}.", only.field, only.message),
            several if several.len() <= MOST_ERRORS => format!("{} fields are invalid; see errors.", several.len()),
            several => format!(
                "{} fields are invalid; errors lists the first {MOST_ERRORS} and leaves out {} more.",
                several.len(),
                several.len() - MOST_ERRORS
            ),
        },
        Error::SecretAlreadyDelivered { .. } => {
            "This request was answered before, and its secret is not stored: expire that key and create another.".into()
        }
        Error::CustomerDisabled => "The customer or client is disabled; reactivate or enable it first.".into(),
        Error::ReactivationWindowClosed => "The reactivation window has ended; platform staff can extend it.".into(),
        Error::VersionMismatch { .. } => "The entity has changed since that ETag; read it again.".into(),
        Error::Contended => "Other requests changed the same entity during each attempt; retry in a moment.".into(),
        Error::IdempotencyKeyReused => "This Idempotency-Key was used with a different request; use a new key.".into(),
        Error::RequestInProgress => "A request with this Idempotency-Key is still running; retry in a moment.".into(),
        Error::PayloadTooLarge => "The body is larger than 256 KiB.".into(),
        Error::UnsupportedMediaType(expected) => format!("The Content-Type must be {expected}."),
        Error::UnsupportedEncoding => "The body must not be compressed: send it without Content-Encoding.".into(),
        Error::Unavailable(_) => "The service is temporarily unavailable; retry in a moment.".into(),
        // The adapter answers with a replay before it asks for a problem.
        Error::Replayed(_) | Error::Internal(_) => "The service failed; quote the requestId when you report it.".into(),
    }
}

/// The facts behind the code, for programs.
fn details(error: &Error) -> Option<Value> {
    match error {
        Error::Forbidden { permission, .. } => Some(json!({"permission": permission.name()})),
        Error::KeyMismatch {
            field,
            claimed,
            requested,
        } => Some(json!({"field": field, "claimed": claimed, "requested": requested})),
        Error::NotFound(kind) => Some(json!({"entity": kind.name})),
        // Shortened, because the caller may send any text.
        Error::NoRoute(path) => Some(json!({"path": path.chars().take(200).collect::<String>()})),
        Error::MethodNotAllowed(allowed) => Some(json!({"allow": allowed})),
        Error::Conflict { field, .. } => Some(json!({"field": field})),
        Error::SecretAlreadyDelivered { key } => Some(json!({"key": key})),
        Error::VersionMismatch { current } => Some(json!({"currentVersion": current})),
        _ => None,
    }
}

/// Capitalises the first letter and adds a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).chain(['.']).collect(),
        None => String::new(),
    }
}
