//! Problems in the OpenAPI document: an example of each code.

use super::schemas::reference;
use domain::{Code, Error, FieldError, Kind, Permission, customer::Customer};
use runtime::problem::Problem;
use serde_json::{Value, json};

/// A problem with this code, as the service writes it.
pub fn example(code: Code) -> Option<Value> {
    errors()
        .iter()
        .map(Problem::of)
        .find(|problem| problem.code == code)
        .map(|problem| problem.body("5e1f6f2e-4d0a-4f5b-9c53-0a4b7e3d9a10"))
}

/// An error for each code.
fn errors() -> Vec<Error> {
    vec![
        Error::NoCredentials("a bearer token is needed"),
        Error::Forbidden {
            permission: Permission::EditCustomer,
            reason: "the caller's roles do not hold it",
        },
        Error::KeyMismatch {
            field: "customerKey",
            claimed: Some("cus_01kb1v0c1tfr2v6krscysfnvgb".into()),
            requested: Some("cus_01kb1v0c1tfr2v6krscysfnvgc".into()),
        },
        Error::NotFound(Customer::KIND),
        Error::MethodNotAllowed(vec![
            "GET".into(),
            "HEAD".into(),
            "OPTIONS".into(),
            "PATCH".into(),
            "DELETE".into(),
        ]),
        Error::TenantNotFound,
        Error::Malformed("it is not JSON (line 1, column 2)".into()),
        Error::Validation(vec![
            FieldError::new("name", "is required"),
            FieldError::new("address.country", "is not a valid code"),
        ]),
        Error::Conflict {
            field: "externalId",
            reason: "another customer has this external id",
        },
        Error::NotEmpty {
            reason: "the group still has partitions",
        },
        Error::SecretAlreadyDelivered {
            key: "key_01kb1v0c1tfr2v6krscysfnvgb".into(),
        },
        Error::CustomerDisabled,
        Error::ReactivationWindowClosed,
        Error::VersionMismatch { current: 4 },
        Error::IdempotencyKeyReused,
        Error::RequestInProgress,
        Error::PayloadTooLarge,
        Error::UnsupportedMediaType("application/json"),
        Error::Unavailable(String::new()),
        Error::Internal(String::new()),
    ]
}

pub fn field_error_schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "field": {"type": "string", "description": "The path of the field, such as `address.country`; empty for the whole body."},
            "message": {"type": "string", "description": "The rule that it breaks, for people."},
        },
        "required": ["field", "message"],
    })
}

pub fn schema() -> Value {
    let codes: Vec<String> = Code::ALL.iter().map(|code| format!("`{}`", code.name())).collect();
    let about_codes = format!(
        "The code of the error, for programs. The meaning of a code never changes, but new codes may be added: treat an unknown one as its status. Today's codes: {}.",
        codes.join(", ")
    );
    json!({
        "type": "object",
        "description": "An error, in the format of RFC 9457.",
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": {"type": "string"},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "code": {"type": "string", "pattern": "^[A-Z][A-Z0-9_]*$", "description": about_codes},
            "detail": {"type": "string", "description": "An explanation, for people."},
            "requestId": {"type": "string"},
            "errors": {
                "type": "array",
                "description": "With VALIDATION_FAILED: every field that breaks a rule.",
                "items": reference("FieldError"),
            },
            "details": {"type": "object", "description": "Facts that depend on the code: the permission, the field, the current version."},
        },
        "required": ["type", "title", "status", "code", "detail", "requestId"],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_an_example() {
        for code in Code::ALL {
            let example = example(*code).unwrap_or_else(|| panic!("{} has no example", code.name()));
            assert_eq!(example["status"], json!(runtime::problem::status(*code)));
        }
    }
}
