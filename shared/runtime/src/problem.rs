//! Errors as RFC 9457 problems. The one place where an error meets HTTP.

use domain::{Code, Error, FieldError, Permission};
use serde_json::{Value, json};

pub struct Problem {
    pub status: u16,
    pub code: Code,
    pub title: &'static str,
    pub detail: String,
    pub errors: Vec<FieldError>,
    pub details: Option<Value>,
    pub retry_after: bool,
}

/// How a code shows in HTTP.
pub const fn status(code: Code) -> u16 {
    match code {
        Code::KeyMismatch | Code::MalformedRequest | Code::ValidationFailed => 400,
        Code::NotAuthorized => 401,
        Code::Forbidden => 403,
        Code::NotFound | Code::TenantNotFound => 404,
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

pub const fn title(code: Code) -> &'static str {
    match code {
        Code::NotAuthorized => "Not authorized",
        Code::Forbidden => "Forbidden",
        Code::KeyMismatch => "Key mismatch",
        Code::NotFound => "Not found",
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
    fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            status: status(code),
            code,
            title: title(code),
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
            Error::NotAuthorized(why) => Self::new(Code::NotAuthorized, format!("{}.", capital(why))),
            Error::Forbidden { permission, reason } => {
                Self::new(Code::Forbidden, format!("{} is needed: {reason}.", permission.name()))
                    .details(json!({"permission": Permission::name(*permission)}))
            }
            Error::KeyMismatch {
                field,
                claimed,
                requested,
            } => Self::new(Code::KeyMismatch, format!("The {field} is not the caller's."))
                .details(json!({"field": field, "claimed": claimed, "requested": requested})),
            Error::NotFound(kind) => Self::new(Code::NotFound, format!("There is no such {}.", kind.name))
                .details(json!({"entity": kind.name})),
            Error::TenantNotFound => Self::new(Code::TenantNotFound, "No tenant holds that bootstrap key."),
            Error::Malformed(why) => Self::new(Code::MalformedRequest, format!("The body can't be read: {why}.")),
            Error::Validation(errors) => {
                let mut problem = Self::new(Code::ValidationFailed, summary(errors));
                problem.errors.clone_from(errors);
                problem
            }
            Error::Conflict { field, reason } => {
                Self::new(Code::Conflict, format!("{}.", capital(reason))).details(json!({"field": field}))
            }
            Error::NotEmpty { reason } => Self::new(Code::NotEmpty, format!("{}.", capital(reason))),
            Error::SecretAlreadyDelivered { key } => Self::new(
                Code::SecretAlreadyDelivered,
                "This request was answered before, and its secret is kept nowhere: expire that key and make another.",
            )
            .details(json!({"key": key})),
            Error::CustomerDisabled => Self::new(
                Code::CustomerDisabled,
                "The customer or client is disabled; reactivate or enable it first.",
            ),
            Error::ReactivationWindowClosed => Self::new(
                Code::ReactivationWindowClosed,
                "The window for reactivation has ended; platform staff can extend it.",
            ),
            Error::VersionMismatch { current } => Self::new(
                Code::VersionMismatch,
                "It has changed since that ETag was given; read it again.",
            )
            .details(json!({"currentVersion": current})),
            Error::IdempotencyKeyReused => Self::new(
                Code::IdempotencyKeyReused,
                "This Idempotency-Key came with another request before; use a new one.",
            ),
            Error::RequestInProgress => Self::new(
                Code::RequestInProgress,
                "A request with this Idempotency-Key is still running; ask again in a moment.",
            ),
            Error::PayloadTooLarge => Self::new(Code::PayloadTooLarge, "The body is over 256 KiB."),
            Error::UnsupportedMediaType(wanted) => Self::new(
                Code::UnsupportedMediaType,
                format!("The Content-Type must be {wanted}."),
            ),
            Error::Unavailable(_) => {
                let mut problem = Self::new(Code::Unavailable, "Try again in a moment.");
                problem.retry_after = true;
                problem
            }
            // A replay is no error; the adapter answers with it before it asks for a problem.
            Error::Replayed(_) | Error::Internal(_) => Self::new(
                Code::Internal,
                "Something went wrong here; the request id helps to find out what.",
            ),
        }
    }

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
