//! What can go wrong, in the words of the public contract. How each becomes an HTTP answer is one match in `runtime::problem`.

use crate::{Code, EntityKind, Permission};
use serde_json::Value;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// One broken field: where it is (`address.country`), and the rule it breaks.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FieldError {
    pub field: String,
    pub message: String,
}

impl FieldError {
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }
}

/// An answer that was given before to the same `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    pub status: u16,
    pub body: Option<Value>,
    pub version: Option<u64>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    NotAuthorized(&'static str),
    #[error("the permission {} is missing", .permission.name())]
    Forbidden {
        permission: Permission,
        reason: &'static str,
    },
    #[error("{field} is not the caller's")]
    KeyMismatch {
        field: &'static str,
        claimed: Option<String>,
        requested: Option<String>,
    },
    #[error("no such {}", .0.name)]
    NotFound(EntityKind),
    #[error("no tenant holds that bootstrap key")]
    TenantNotFound,
    #[error("the body can't be read: {0}")]
    Malformed(String),
    #[error("{} field(s) break a rule", .0.len())]
    Validation(Vec<FieldError>),
    #[error("{field} is taken")]
    Conflict { field: &'static str, reason: &'static str },
    #[error("it still holds others")]
    NotEmpty { reason: &'static str },
    #[error("the secret of {key} was given out before")]
    SecretAlreadyDelivered { key: String },
    #[error("the customer is deactivated")]
    CustomerDisabled,
    #[error("the reactivation window has closed")]
    ReactivationWindowClosed,
    #[error("the version has moved on to {current}")]
    VersionMismatch { current: u64 },
    #[error("the idempotency key was used with another request")]
    IdempotencyKeyReused,
    #[error("a request with this idempotency key is still running")]
    RequestInProgress,
    #[error("the body is over 256 KiB")]
    PayloadTooLarge,
    #[error("the body must be {0}")]
    UnsupportedMediaType(&'static str),
    /// Not a failure: the same request was answered before, and this is that answer.
    #[error("answered before")]
    Replayed(Replay),
    /// Passing: the same call may work in a moment.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// A defect or damaged data. The text is for the log only.
    #[error("internal: {0}")]
    Internal(String),
}

impl Error {
    pub const fn code(&self) -> Code {
        match self {
            Self::NotAuthorized(_) => Code::NotAuthorized,
            Self::Forbidden { .. } => Code::Forbidden,
            Self::KeyMismatch { .. } => Code::KeyMismatch,
            Self::NotFound(_) => Code::NotFound,
            Self::TenantNotFound => Code::TenantNotFound,
            Self::Malformed(_) => Code::MalformedRequest,
            Self::Validation(_) => Code::ValidationFailed,
            Self::Conflict { .. } => Code::Conflict,
            Self::NotEmpty { .. } => Code::NotEmpty,
            Self::SecretAlreadyDelivered { .. } => Code::SecretAlreadyDelivered,
            Self::CustomerDisabled => Code::CustomerDisabled,
            Self::ReactivationWindowClosed => Code::ReactivationWindowClosed,
            Self::VersionMismatch { .. } => Code::VersionMismatch,
            Self::IdempotencyKeyReused => Code::IdempotencyKeyReused,
            Self::RequestInProgress => Code::RequestInProgress,
            Self::PayloadTooLarge => Code::PayloadTooLarge,
            Self::UnsupportedMediaType(_) => Code::UnsupportedMediaType,
            Self::Unavailable(_) => Code::Unavailable,
            // An endpoint answers with a replay before it asks for a code.
            Self::Replayed(_) | Self::Internal(_) => Code::Internal,
        }
    }

    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Validation(vec![FieldError::new(field, message)])
    }
}
