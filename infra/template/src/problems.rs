//! Problems in the OpenAPI document: which codes an endpoint can answer with, and what each looks like.

use domain::{EntityKind, Error, FieldError, Permission};
use runtime::{
    function::EndpointFunction,
    problem::{CODES, Problem},
    spec::{Body, kind_of_parameter},
};
use serde_json::{Value, json};

/// The codes of an endpoint: those that follow from its shape, and those of its own rules.
pub fn codes_of(endpoint: &EndpointFunction) -> Vec<&'static str> {
    let EndpointFunction { spec, access, .. } = endpoint;
    // A query parameter that it does not know is refused by every endpoint.
    let mut codes = vec!["VALIDATION_FAILED", "INTERNAL"];
    if !access.public {
        codes.extend(["NOT_AUTHORIZED", "FORBIDDEN", "UNAVAILABLE"]);
    }
    if access.own.is_some() {
        codes.push("KEY_MISMATCH");
    }
    if !matches!(spec.body, Body::None) {
        codes.extend(["MALFORMED_REQUEST", "PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"]);
    }
    if spec.path_parameters().any(|name| kind_of_parameter(name).is_some()) {
        codes.push("NOT_FOUND");
    }
    if spec.takes_if_match() {
        codes.push("VERSION_MISMATCH");
    }
    if spec.is_idempotent_post() {
        codes.extend(["IDEMPOTENCY_KEY_REUSED", "REQUEST_IN_PROGRESS"]);
    }
    codes.extend(spec.codes);
    codes
}

/// A problem with this code, as the service would write it; `None` for a code it does not know.
pub fn example(code: &str) -> Option<Value> {
    errors()
        .iter()
        .map(Problem::of)
        .find(|problem| problem.code == code)
        .map(|problem| problem.body("5e1f6f2e-4d0a-4f5b-9c53-0a4b7e3d9a10"))
}

/// One error of each kind that has a code.
fn errors() -> Vec<Error> {
    vec![
        Error::NotAuthorized("a bearer token is needed"),
        Error::Forbidden {
            permission: Permission::EditCustomer,
            reason: "the caller's roles do not hold it",
        },
        Error::KeyMismatch {
            field: "customerKey",
            claimed: Some("cus_01kb1v0c1tfr2v6krscysfnvgb".into()),
            requested: Some("cus_01kb1v0c1tfr2v6krscysfnvgc".into()),
        },
        Error::NotFound(EntityKind::Customer),
        Error::TenantNotFound,
        Error::Malformed("it is not JSON (line 1, column 2)".into()),
        Error::Validation(vec![
            FieldError::new("name", "is required"),
            FieldError::new("address.country", "is not one of the codes it may be"),
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

pub fn schema() -> Value {
    let codes: Vec<&str> = CODES.iter().map(|(code, ..)| *code).collect();
    json!({
        "type": "object",
        "description": "What went wrong, as RFC 9457 has it.",
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": {"type": "string"},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "code": {"type": "string", "enum": codes, "description": "For programs: it never changes its meaning."},
            "detail": {"type": "string", "description": "For people."},
            "requestId": {"type": "string"},
            "errors": {
                "type": "array",
                "description": "Of VALIDATION_FAILED: every field that breaks a rule.",
                "items": {
                    "type": "object",
                    "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
                    "required": ["field", "message"],
                },
            },
            "details": {"type": "object", "description": "What the code is about: the permission, the field, the current version."},
        },
        "required": ["type", "title", "status", "code", "detail", "requestId"],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtime::Function;

    #[test]
    fn every_code_has_an_example() {
        for (code, status, _) in CODES {
            let example = example(code).unwrap_or_else(|| panic!("{code} has no example"));
            assert_eq!(example["status"], json!(status));
        }
    }

    #[test]
    fn endpoints_name_only_codes_that_exist() {
        for function in crate::functions() {
            let Function::Endpoint(endpoint) = function else {
                continue;
            };
            for code in codes_of(&endpoint) {
                assert!(
                    CODES.iter().any(|(known, ..)| *known == code),
                    "{}: {code}",
                    endpoint.spec.name
                );
            }
        }
    }
}
