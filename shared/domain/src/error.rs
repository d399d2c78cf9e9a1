//! Errors, in the words of the public contract. `runtime::problem` maps them to HTTP answers.

use crate::{Code, EntityKind, Permission};
use serde_json::Value;
use std::fmt::{self, Display, Write};

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// One broken field: its path, such as `address.country`, and the rule that it breaks.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FieldError {
    pub field: String,
    pub message: String,
}

/// How many characters of a field's path an error shows. The caller may send a name of any length.
const LONGEST_PATH: usize = 100;

/// Takes this many more characters, and fails at the next one.
struct Shortened {
    text: String,
    room: usize,
}

impl fmt::Write for Shortened {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        for c in part.chars() {
            self.room = self.room.checked_sub(1).ok_or(fmt::Error)?;
            self.text.push(c);
        }
        Ok(())
    }
}

impl FieldError {
    pub fn new(field: impl Display, message: impl Into<String>) -> Self {
        let mut path = Shortened {
            text: String::new(),
            room: LONGEST_PATH,
        };
        if write!(path, "{field}").is_err() {
            path.text.push('…');
        }
        Self {
            field: path.text,
            message: message.into(),
        }
    }
}

/// The first answer to an `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    pub status: u16,
    pub body: Option<Value>,
    pub version: Option<u64>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request has no bearer token.
    #[error("{0}")]
    NoCredentials(&'static str),
    /// The request has a bearer token that does not verify.
    #[error("{0}")]
    NotAuthorized(&'static str),
    #[error("the permission {} is missing", .permission.name())]
    Forbidden {
        permission: Permission,
        reason: &'static str,
    },
    #[error("{field} is not the caller's own")]
    KeyMismatch {
        field: &'static str,
        claimed: Option<String>,
        requested: Option<String>,
    },
    #[error("no such {}", .0.name)]
    NotFound(EntityKind),
    #[error("no tenant holds that bootstrap key")]
    TenantNotFound,
    #[error("the body cannot be read: {0}")]
    Malformed(String),
    #[error("{} field(s) break a rule", .0.len())]
    Validation(Vec<FieldError>),
    #[error("{field} is taken")]
    Conflict { field: &'static str, reason: &'static str },
    #[error("it is not empty: {reason}")]
    NotEmpty { reason: &'static str },
    #[error("the secret of {key} was delivered before")]
    SecretAlreadyDelivered { key: String },
    #[error("the customer or client is disabled")]
    CustomerDisabled,
    #[error("the reactivation window has closed")]
    ReactivationWindowClosed,
    #[error("the current version is {current}")]
    VersionMismatch { current: u64 },
    #[error("the idempotency key was used with another request")]
    IdempotencyKeyReused,
    #[error("a request with this idempotency key is still running")]
    RequestInProgress,
    #[error("the body is over 256 KiB")]
    PayloadTooLarge,
    #[error("the body must be {0}")]
    UnsupportedMediaType(&'static str),
    #[error("the body is compressed")]
    UnsupportedEncoding,
    #[error("no route has the path {0}")]
    NoRoute(String),
    /// The methods that the path takes.
    #[error("the path takes only {}", .0.join(", "))]
    MethodNotAllowed(Vec<String>),
    /// Not a failure: the same request was answered before, with this answer.
    #[error("answered before")]
    Replayed(Replay),
    /// Temporary: the same call may succeed in a moment.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// A defect, or damaged data. The text is only for the log.
    #[error("internal: {0}")]
    Internal(String),
}

impl Error {
    pub const fn code(&self) -> Code {
        match self {
            Self::NoCredentials(_) | Self::NotAuthorized(_) => Code::NotAuthorized,
            Self::Forbidden { .. } => Code::Forbidden,
            Self::KeyMismatch { .. } => Code::KeyMismatch,
            Self::NotFound(_) | Self::NoRoute(_) => Code::NotFound,
            Self::MethodNotAllowed(_) => Code::MethodNotAllowed,
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
            Self::UnsupportedMediaType(_) | Self::UnsupportedEncoding => Code::UnsupportedMediaType,
            Self::Unavailable(_) => Code::Unavailable,
            // Endpoints answer with a replay, so it never becomes a problem.
            Self::Replayed(_) | Self::Internal(_) => Code::Internal,
        }
    }

    pub fn invalid(field: impl Display, message: impl Into<String>) -> Self {
        Self::Validation(vec![FieldError::new(field, message)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_is_shortened() {
        let exact = "ü".repeat(LONGEST_PATH);
        assert_eq!(FieldError::new(&exact, "").field, exact);
        assert_eq!(FieldError::new(format!("{exact}x"), "").field, format!("{exact}…"));
    }
}
