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
    /// Other requests changed the same items during each attempt. The same call may succeed in a moment.
    #[error("other requests changed the same items during each attempt")]
    Contended,
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
            Self::Conflict { .. } | Self::Contended => Code::Conflict,
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

/// The defect that a parser's error reports, without the content: serde's errors quote values, which may be personal data or secrets.
pub fn defect_of(error: &impl fmt::Display) -> String {
    let text = error.to_string();
    let defect = match text.split('`').next() {
        // Only these two name nothing but a field that the code declares.
        Some(start @ ("missing field " | "duplicate field ")) => {
            let field = text.split('`').nth(1).unwrap_or_default();
            format!("{start}`{field}`")
        }
        _ => {
            let known = [
                "invalid type",
                "invalid value",
                "invalid length",
                "unknown variant",
                "unknown field",
                "EOF",
            ];
            let known = known.into_iter().find(|known| text.starts_with(known));
            known.unwrap_or("unreadable").to_owned()
        }
    };
    format!("{defect}{}", position(&text).unwrap_or_default())
}

/// The position that serde_json adds to the end of its errors.
fn position(text: &str) -> Option<&str> {
    let start = text.rfind(" at line ")?;
    let (line, column) = text[start..].strip_prefix(" at line ")?.split_once(" column ")?;
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(line) && is_number(column)).then(|| &text[start..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[test]
    fn a_long_path_is_shortened() {
        let exact = "ü".repeat(LONGEST_PATH);
        assert_eq!(FieldError::new(&exact, "").field, exact);
        assert_eq!(FieldError::new(format!("{exact}x"), "").field, format!("{exact}…"));
    }

    #[derive(Debug, Deserialize)]
    struct Sample {
        #[allow(dead_code, reason = "only parsed")]
        count: u8,
    }

    #[test]
    fn a_defect_names_fields_and_positions_but_no_values() {
        let defect = |text: &str| defect_of(&serde_json::from_str::<Sample>(text).unwrap_err());
        assert_eq!(defect("{}"), "missing field `count` at line 1 column 2");
        assert_eq!(
            defect(r#"{"count": "a@acme.example at line 1"}"#),
            "invalid type at line 1 column 36"
        );
        assert_eq!(defect(r#"{"count": 300}"#), "invalid value at line 1 column 13");
        assert_eq!(defect("a@acme.example"), "unreadable at line 1 column 1");
        assert_eq!(defect(r#"{"count": "a@"#), "EOF at line 1 column 13");
        assert_eq!(defect_of(&"a@acme.example is no key at line x column 1"), "unreadable");
        assert_eq!(
            defect_of(&"unknown variant `a@acme.example`, expected `b`"),
            "unknown variant"
        );
    }
}
