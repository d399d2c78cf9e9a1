//! Standalone, the API's `$default` route: answers requests to which no route applies. An unknown path is 404, a method that the path does
//! not take is 405, and OPTIONS lists the methods.
//!
//! API Gateway also sends preflight requests to a `$default` route, and adds the CORS headers to the answer. Browsers accept it only if
//! its status is a success.

use crate::get_openapi::DOCUMENT;
use domain::{Error, Result};
use runtime::{Context, Standalone, StandaloneSpec, Started, endpoint};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

pub struct AnswerUnknownRoute;

impl Standalone for AnswerUnknownRoute {
    const SPEC: StandaloneSpec = StandaloneSpec {
        name: "answer-unknown-route",
        summary: "Answer requests to which no route applies: unknown paths, and methods that a path does not take.",
        started: Started::ByUnknownRoutes,
        operations: &[],
        replays: false,
    };

    async fn run(_: &Context, request: Value, invocation: String) -> Result<Value> {
        let context = &request["requestContext"];
        let id = context["requestId"].as_str().unwrap_or(&invocation);
        let method = context["http"]["method"].as_str().unwrap_or_default();
        let path = request["rawPath"].as_str().unwrap_or_default();
        let is_preflight = !request["headers"]["access-control-request-method"].is_null();
        let methods = methods_of(path);
        let outcome = match method {
            "OPTIONS" if is_preflight || !methods.is_empty() => Ok(methods),
            _ if methods.is_empty() => Err(Error::NoRoute(path.to_owned())),
            _ => Err(Error::MethodNotAllowed(methods)),
        };
        Ok(endpoint::answer_without_endpoint(id, method, outcome))
    }
}

/// The part of the OpenAPI document that tells the routes.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    paths: BTreeMap<&'a str, BTreeMap<&'a str, IgnoredAny>>,
}

static PATHS: LazyLock<BTreeMap<&str, BTreeMap<&str, IgnoredAny>>> = LazyLock::new(|| {
    let document = serde_json::from_str::<Document<'_>>(DOCUMENT);
    document.map(|document| document.paths).unwrap_or_default()
});

/// The methods that a path takes. None: there is no such path.
fn methods_of(path: &str) -> Vec<String> {
    let matching = PATHS.iter().filter(|(route, _)| applies(route, path));
    let mut methods: BTreeSet<String> = matching
        .flat_map(|(_, operations)| operations.keys())
        .map(|method| method.to_uppercase())
        .collect();
    if methods.contains("GET") {
        methods.insert("HEAD".into());
    }
    if !methods.is_empty() {
        methods.insert("OPTIONS".into());
    }
    methods.into_iter().collect()
}

/// Whether a route, such as `/v1/customers/{customerKey}`, has this path.
fn applies(route: &str, path: &str) -> bool {
    let (mut routes, mut parts) = (route.split('/'), path.split('/'));
    loop {
        match (routes.next(), parts.next()) {
            (None, None) => return true,
            (Some(wanted), Some(part)) if wanted == part || (wanted.starts_with('{') && !part.is_empty()) => {}
            _ => return false,
        }
    }
}
