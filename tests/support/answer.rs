//! An answer of an endpoint, and the requests to the table that it took.

use super::recorder::Recording;
use domain::{
    FieldError,
    fields::{self, Field, Mode, Rule},
};
use lambda_http::{Body, Response};
use runtime::{Shape, function::EndpointFunction, spec::Schema};
use serde_json::Value;

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    /// The operations on the table, in order.
    pub requests: Vec<String>,
    /// The number of bytes of each of the table's answers, in order.
    pub received: Vec<usize>,
    headers: lambda_http::http::HeaderMap,
}

impl Answer {
    pub fn new(response: Response<Body>, recording: Recording) -> Self {
        let (parts, body) = response.into_parts();
        let body = match body {
            Body::Text(text) => serde_json::from_str(&text).unwrap(),
            _ => Value::Null,
        };
        Self {
            status: parts.status.as_u16(),
            body,
            requests: recording.requests,
            received: recording.received,
            headers: parts.headers,
        }
    }

    /// Asserts that the endpoint documents this answer: a success has only documented fields with valid values, and an error has a
    /// documented code.
    #[track_caller]
    pub fn check_documented(&self, endpoint: &EndpointFunction) {
        let spec = &endpoint.spec;
        if self.status >= 400 {
            let code = &self.body["code"];
            assert!(
                endpoint.codes().iter().any(|documented| documented.name() == code),
                "{} does not document {code}",
                spec.name
            );
            return;
        }
        let errors = match spec.answer {
            Shape::Nothing => Vec::new(),
            Shape::Document => return,
            Shape::Deleted(_) if self.status == 204 => Vec::new(),
            Shape::Page(schema) => {
                let cursor = Field::new("nextCursor", Rule::Text { min: 1, max: 1000 }, "")
                    .required()
                    .nullable();
                let items = self.body["items"].as_array().unwrap();
                let mut body = self.body.clone();
                body.as_object_mut().unwrap().shift_remove("items");
                let errors = items.iter().flat_map(|item| schema_errors(schema, item));
                errors.chain(field_errors(&[cursor], &body)).collect()
            }
            Shape::Entity(schema)
            | Shape::Created(schema)
            | Shape::Issued(schema)
            | Shape::Verdict(schema)
            | Shape::InPages(schema)
            | Shape::Deleted(schema) => schema_errors(schema, &self.body),
        };
        assert!(
            errors.is_empty(),
            "{} does not document {errors:?}: {}",
            spec.name,
            self.body
        );
        assert_eq!(self.body.is_null(), self.status == 204, "{}", spec.name);
        let is_versioned = spec.answer.schema().is_some_and(|schema| schema.is_versioned) && !spec.is_list();
        assert_eq!(self.header("etag").is_some(), is_versioned, "{}", spec.name);
    }

    pub const fn headers(&self) -> &lambda_http::http::HeaderMap {
        &self.headers
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn key(&self) -> &str {
        self.body["key"].as_str().unwrap()
    }

    /// Asserts the status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        assert!(self.header("x-request-id").is_some());
        self
    }

    /// Asserts that this is a problem with this status and code.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Self {
        assert_eq!(
            (self.status, &self.body["code"]),
            (status, &Value::from(code)),
            "{}",
            self.body
        );
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(self.body["requestId"], self.header("x-request-id").unwrap());
        self
    }

    /// Asserts that this is a `VALIDATION_FAILED`, and returns the names of its fields.
    #[track_caller]
    pub fn invalid_fields(self) -> Vec<String> {
        let problem = self.problem(400, "VALIDATION_FAILED");
        let errors = problem.body["errors"].as_array().unwrap().iter();
        errors
            .map(|error| error["field"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// Of a body that is one of several objects, the errors of the object that it resembles most.
fn schema_errors(schema: Schema, body: &Value) -> Vec<FieldError> {
    let variants = schema.variants.iter().map(|variant| field_errors(variant.fields, body));
    variants
        .min_by_key(Vec::len)
        .unwrap_or_else(|| field_errors(&(schema.fields)(), body))
}

fn field_errors(fields: &[Field], body: &Value) -> Vec<FieldError> {
    let body = body.as_object().expect("the body must be an object").clone();
    fields::check(fields, body, Mode::Stored).errors
}
