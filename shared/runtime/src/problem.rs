//! Errors as RFC 9457 problems. The one place where an error meets HTTP.

use domain::{Error, FieldError, Permission};
use serde_json::{Value, json};

pub struct Problem {
    pub status: u16,
    pub code: &'static str,
    pub title: &'static str,
    pub detail: String,
    pub errors: Vec<FieldError>,
    pub details: Option<Value>,
    pub retry_after: bool,
}

/// Every code, its status and title: for the OpenAPI document.
pub const CODES: &[(&str, u16, &str)] = &[
    ("NOT_AUTHORIZED", 401, "Not authorized"),
    ("FORBIDDEN", 403, "Forbidden"),
    ("KEY_MISMATCH", 400, "Key mismatch"),
    ("NOT_FOUND", 404, "Not found"),
    ("TENANT_NOT_FOUND", 404, "Tenant not found"),
    ("MALFORMED_REQUEST", 400, "Malformed request"),
    ("VALIDATION_FAILED", 400, "Validation failed"),
    ("CONFLICT", 409, "Conflict"),
    ("NOT_EMPTY", 409, "Not empty"),
    ("CUSTOMER_DISABLED", 409, "Customer disabled"),
    ("REACTIVATION_WINDOW_CLOSED", 409, "Reactivation window closed"),
    ("VERSION_MISMATCH", 412, "Version mismatch"),
    ("IDEMPOTENCY_KEY_REUSED", 422, "Idempotency key reused"),
    ("SECRET_ALREADY_DELIVERED", 409, "Secret already delivered"),
    ("REQUEST_IN_PROGRESS", 409, "Request in progress"),
    ("PAYLOAD_TOO_LARGE", 413, "Payload too large"),
    ("UNSUPPORTED_MEDIA_TYPE", 415, "Unsupported media type"),
    ("UNAVAILABLE", 503, "Unavailable"),
    ("INTERNAL", 500, "Internal error"),
];

impl Problem {
    fn new(code: &'static str, detail: impl Into<String>) -> Self {
        let known = CODES.iter().find(|(known, ..)| *known == code);
        let (status, title) = known.map_or((500, "Internal error"), |(_, status, title)| (*status, *title));
        Self {
            status,
            code,
            title,
            detail: detail.into(),
            errors: Vec::new(),
            details: None,
            retry_after: false,
        }
    }

    fn details(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }

    pub fn of(error: &Error) -> Self {
        match error {
            Error::NotAuthorized(why) => Self::new("NOT_AUTHORIZED", format!("{}.", capital(why))),
            Error::Forbidden { permission, reason } => {
                Self::new("FORBIDDEN", format!("{} is needed: {reason}.", permission.name()))
                    .details(json!({"permission": Permission::name(*permission)}))
            }
            Error::KeyMismatch {
                field,
                claimed,
                requested,
            } => Self::new("KEY_MISMATCH", format!("The {field} is not the caller's."))
                .details(json!({"field": field, "claimed": claimed, "requested": requested})),
            Error::NotFound(kind) => Self::new("NOT_FOUND", format!("There is no such {}.", kind.name()))
                .details(json!({"entity": kind.name()})),
            Error::TenantNotFound => Self::new("TENANT_NOT_FOUND", "No tenant holds that bootstrap key."),
            Error::Malformed(why) => Self::new("MALFORMED_REQUEST", format!("The body can't be read: {why}.")),
            Error::Validation(errors) => {
                let mut problem = Self::new("VALIDATION_FAILED", summary(errors));
                problem.errors.clone_from(errors);
                problem
            }
            Error::Conflict { field, reason } => {
                Self::new("CONFLICT", format!("{}.", capital(reason))).details(json!({"field": field}))
            }
            Error::NotEmpty { reason } => Self::new("NOT_EMPTY", format!("{}.", capital(reason))),
            Error::SecretAlreadyDelivered { key } => Self::new(
                "SECRET_ALREADY_DELIVERED",
                "This request was answered before, and its secret is kept nowhere: expire that key and make another.",
            )
            .details(json!({"key": key})),
            Error::CustomerDisabled => Self::new(
                "CUSTOMER_DISABLED",
                "The customer or client is disabled; reactivate or enable it first.",
            ),
            Error::ReactivationWindowClosed => Self::new(
                "REACTIVATION_WINDOW_CLOSED",
                "The window for reactivation has ended; platform staff can extend it.",
            ),
            Error::VersionMismatch { current } => Self::new(
                "VERSION_MISMATCH",
                "It has changed since that ETag was given; read it again.",
            )
            .details(json!({"currentVersion": current})),
            Error::IdempotencyKeyReused => Self::new(
                "IDEMPOTENCY_KEY_REUSED",
                "This Idempotency-Key came with another request before; use a new one.",
            ),
            Error::RequestInProgress => Self::new(
                "REQUEST_IN_PROGRESS",
                "A request with this Idempotency-Key is still running; ask again in a moment.",
            ),
            Error::PayloadTooLarge => Self::new("PAYLOAD_TOO_LARGE", "The body is over 256 KiB."),
            Error::UnsupportedMediaType(wanted) => {
                Self::new("UNSUPPORTED_MEDIA_TYPE", format!("The Content-Type must be {wanted}."))
            }
            Error::Unavailable(_) => {
                let mut problem = Self::new("UNAVAILABLE", "Try again in a moment.");
                problem.retry_after = true;
                problem
            }
            // A replay is no error; the adapter answers with it before it asks for a problem.
            Error::Replayed(_) | Error::Internal(_) => Self::new(
                "INTERNAL",
                "Something went wrong here; the request id helps to find out what.",
            ),
        }
    }

    pub fn body(&self, request_id: &str) -> Value {
        let mut body = json!({
            "type": format!("urn:customer-service:problem:{}", self.code),
            "title": self.title,
            "status": self.status,
            "code": self.code,
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

fn summary(errors: &[FieldError]) -> String {
    match errors {
        [one] if one.field.is_empty() => format!("{}.", capital(&one.message)),
        [one] => format!("{} {}.", one.field, one.message),
        many => format!("{} fields break a rule; see errors.", many.len()),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
