//! What came back, and what it took.

use super::Seen;
use lambda_http::{Body, Response};
use serde_json::Value;

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    pub seen: Seen,
    headers: lambda_http::http::HeaderMap,
}

impl Answer {
    pub fn new(response: Response<Body>, seen: Seen) -> Self {
        let (parts, body) = response.into_parts();
        let body = match body {
            Body::Text(text) => serde_json::from_str(&text).unwrap(),
            _ => Value::Null,
        };
        Self {
            status: parts.status.as_u16(),
            body,
            seen,
            headers: parts.headers,
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn key(&self) -> &str {
        self.body["key"].as_str().unwrap()
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        assert!(self.header("x-request-id").is_some());
        self
    }

    /// A problem with this status and code.
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

    /// The names of the broken fields of a `VALIDATION_FAILED`.
    #[track_caller]
    pub fn broken(self) -> Vec<String> {
        let problem = self.problem(400, "VALIDATION_FAILED");
        let errors = problem.body["errors"].as_array().unwrap().iter();
        errors
            .map(|error| error["field"].as_str().unwrap().to_owned())
            .collect()
    }
}
