//! Requests as API Gateway hands them to an endpoint.

use super::{Token, endpoints};
use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use runtime::function::EndpointFunction;
use serde_json::{Map, Value, json};

/// An HTTP request, before it is sent.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: String,
    pub path: String,
    query: String,
    headers: Map<String, Value>,
    body: Option<String>,
    is_base64: bool,
}

impl Call {
    pub fn new(method: &str, path: &str) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        Self {
            method: method.into(),
            path: path.into(),
            query: query.into(),
            headers: Map::new(),
            body: None,
            is_base64: false,
        }
    }

    pub fn by(self, caller: &Token) -> Self {
        let bearer = format!("Bearer {}", caller.sign());
        self.header("authorization", &bearer)
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.into(), json!(value));
        self
    }

    pub fn json(self, body: Value) -> Self {
        self.header("content-type", "application/json").body(&body.to_string())
    }

    pub fn body(mut self, body: &str) -> Self {
        self.body = Some(body.into());
        self
    }

    /// A body that is not text, encoded as API Gateway does it.
    pub fn base64_body(mut self, body: &[u8]) -> Self {
        self.body = Some(STANDARD.encode(body));
        self.is_base64 = true;
        self
    }

    /// The event that API Gateway sends to the function.
    pub fn event(&self, endpoint: &EndpointFunction, parameters: Map<String, Value>, id: &str) -> Value {
        let query: Map<String, Value> = self
            .query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            // API Gateway decodes it.
            .map(|(name, value)| (name.to_owned(), json!(percent_decode_str(value).decode_utf8_lossy())))
            .collect();
        json!({
            "version": "2.0",
            "routeKey": format!("{} {}", self.method, endpoint.spec.route),
            "rawPath": self.path,
            "rawQueryString": self.query,
            "headers": self.headers,
            "queryStringParameters": query,
            "pathParameters": parameters,
            "requestContext": {
                "accountId": "000000000000", "apiId": "test", "stage": "$default", "requestId": id,
                "domainName": "localhost", "domainPrefix": "test", "routeKey": "", "time": "23/Nov/2026:08:00:00 +0000", "timeEpoch": 1_795_420_800_000_i64,
                "http": {"method": self.method, "path": self.path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "test"},
            },
            "body": self.body,
            "isBase64Encoded": self.is_base64,
        })
    }
}

/// The endpoint of a request and its path parameters. HEAD has the endpoint of GET. Like API Gateway, this takes the most specific of several routes that match: a
/// literal part wins over a parameter, compared from the left.
pub fn route(call: &Call) -> Option<(EndpointFunction, Map<String, Value>)> {
    let parts: Vec<&str> = call.path.split('/').collect();
    let method = if call.method == "HEAD" { "GET" } else { &call.method };
    endpoints()
        .into_iter()
        .filter(|endpoint| endpoint.spec.method.name() == method)
        .filter_map(|endpoint| {
            let pattern: Vec<&str> = endpoint.spec.route.split('/').collect();
            if pattern.len() != parts.len() {
                return None;
            }
            let mut parameters = Map::new();
            for (wanted, given) in pattern.iter().zip(&parts) {
                match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                    Some(name) => {
                        parameters.insert(name.into(), json!(given));
                    }
                    None if wanted == given => {}
                    None => return None,
                }
            }
            Some((endpoint, parameters))
        })
        .min_by_key(|(endpoint, _)| {
            let parts = endpoint.spec.route.split('/');
            parts.map(|part| part.starts_with('{')).collect::<Vec<_>>()
        })
}
