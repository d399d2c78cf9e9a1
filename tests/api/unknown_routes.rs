//! Requests to which no route applies.

use crate::support::{Call, World, endpoints, route};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

fn request(method: &str, path: &str, headers: Value) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "headers": headers,
        "requestContext": {"requestId": "req-1", "http": {"method": method, "path": path}},
    })
}

/// The status, the headers and the body of an answer. It must have been given without a request to the table.
async fn ask(world: &World, request: Value) -> (u64, Value, Value) {
    let (answer, requests) = world.run_standalone("answer-unknown-route", request).await;
    assert!(requests.is_empty(), "{requests:?}");
    let answer = answer.unwrap();
    let headers = answer["headers"].clone();
    assert_eq!(headers["x-request-id"], "req-1");
    assert_eq!(headers["cache-control"], "no-store");
    let text = answer["body"].as_str().unwrap();
    let body = if text.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(text).unwrap()
    };
    (answer["statusCode"].as_u64().unwrap(), headers, body)
}

/// The methods that a path takes, found through the endpoints themselves.
fn methods_of(path: &str) -> String {
    let mut methods: BTreeSet<&str> = METHODS
        .into_iter()
        .filter(|method| route(&Call::new(method, path)).is_some())
        .chain(["OPTIONS"])
        .collect();
    if methods.contains("GET") {
        methods.insert("HEAD");
    }
    methods.into_iter().collect::<Vec<_>>().join(", ")
}

/// A path of every route.
fn paths() -> BTreeSet<String> {
    let example = |route: &str| {
        let parts = route
            .split('/')
            .map(|part| if part.starts_with('{') { "x" } else { part });
        parts.collect::<Vec<_>>().join("/")
    };
    endpoints()
        .iter()
        .map(|endpoint| example(endpoint.spec.route))
        .collect()
}

#[tokio::test]
async fn a_wrong_method_is_405_with_the_right_ones() {
    let world = World::new().await;
    let paths = paths();
    assert!(paths.len() > 30, "{}", paths.len());
    for path in paths {
        let allow = methods_of(&path);
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE"] {
            if allow.split(", ").any(|allowed| allowed == method) {
                continue;
            }
            let (status, headers, body) = ask(&world, request(method, &path, json!({}))).await;
            assert_eq!(
                (status, headers["allow"].as_str()),
                (405, Some(allow.as_str())),
                "{path}"
            );
            assert_eq!(headers["content-type"], "application/problem+json");
            if method == "HEAD" {
                assert_eq!(body, Value::Null);
                continue;
            }
            assert_eq!(
                (&body["code"], &body["status"]),
                (&json!("METHOD_NOT_ALLOWED"), &json!(405))
            );
            assert_eq!(body["requestId"], "req-1");
            assert_eq!(body["details"]["allow"], allow.split(", ").collect::<Value>());
        }
    }
}

#[tokio::test]
async fn an_unknown_path_is_404() {
    let world = World::new().await;
    for path in [
        "/",
        "",
        "/v1",
        "/v2/customers",
        "/v1/customers/",
        "/v1//customers",
        "/v1/customers/x/y/z",
        "/V1/customers",
    ] {
        for method in ["GET", "PUT", "OPTIONS"] {
            let (status, headers, body) = ask(&world, request(method, path, json!({}))).await;
            assert_eq!((status, &headers["allow"]), (404, &Value::Null), "{path}");
            assert_eq!(
                (&body["code"], &body["requestId"]),
                (&json!("NOT_FOUND"), &json!("req-1"))
            );
            assert_eq!(body["details"], json!({"path": path}));
        }
        let (status, _, body) = ask(&world, request("HEAD", path, json!({}))).await;
        assert_eq!((status, body), (404, Value::Null), "{path}");
    }
    let long = format!("/{}", "ü".repeat(5000));
    let (_, _, body) = ask(&world, request("GET", &long, json!({}))).await;
    assert_eq!(body["details"]["path"].as_str().unwrap().chars().count(), 200);
}

#[tokio::test]
async fn options_and_preflight_requests_succeed() {
    let world = World::new().await;
    for path in paths() {
        let (status, headers, body) = ask(&world, request("OPTIONS", &path, json!({}))).await;
        assert_eq!(
            (status, headers["allow"].as_str(), body),
            (204, Some(methods_of(&path).as_str()), Value::Null)
        );
    }
    // A browser that may not ask whether there is a path shows an error of its own in place of the 404.
    let headers = json!({"origin": "https://app.example", "access-control-request-method": "GET"});
    let (status, ..) = ask(&world, request("OPTIONS", "/v1/nothing", headers)).await;
    assert_eq!(status, 204);
}
