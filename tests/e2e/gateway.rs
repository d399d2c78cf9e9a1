//! Requests that the local API Gateway and the functions answer together: HEAD, unknown routes, preflight, limits.

use super::Cloud;
use serde_json::{Value, json};

/// Sends a request as platform staff.
fn ask(cloud: &Cloud, method: &str, path: &str, more: &[(&str, &str)]) -> (u16, ureq::http::HeaderMap, Vec<u8>) {
    let bearer = format!("Bearer {}", cloud.admin());
    let headers = [&[("authorization", bearer.as_str())], more].concat();
    cloud.fetch(method, &format!("{}{path}", cloud.api_url()), &headers, b"{}")
}

#[test]
fn head_unknown_routes_and_preflight_requests_are_answered_by_functions() {
    let cloud = Cloud::start();
    let customer = cloud.customer("Acme");

    let (get, head) = (ask(&cloud, "GET", &customer, &[]), ask(&cloud, "HEAD", &customer, &[]));
    assert_eq!((get.0, head.0), (200, 200));
    assert!(!get.2.is_empty() && head.2.is_empty());
    for header in ["etag", "content-type", "cache-control"] {
        assert_eq!(get.1[header], head.1[header], "{header}");
    }

    for (method, path, status, code, allow) in [
        ("GET", "/v1", 404, "NOT_FOUND", None),
        ("POST", "/", 404, "NOT_FOUND", None),
        ("PATCH", "/v1/nothing", 404, "NOT_FOUND", None),
        (
            "PUT",
            customer.as_str(),
            405,
            "METHOD_NOT_ALLOWED",
            Some("DELETE, GET, HEAD, OPTIONS, PATCH"),
        ),
        (
            "DELETE",
            "/v1/api-keys/verify",
            405,
            "METHOD_NOT_ALLOWED",
            Some("OPTIONS, POST"),
        ),
    ] {
        // Without a token.
        let (got, headers, body) = cloud.fetch(method, &format!("{}{path}", cloud.api_url()), &[], b"{}");
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((got, &body["code"]), (status, &json!(code)), "{method} {path}");
        assert_eq!(headers["content-type"], "application/problem+json");
        assert_eq!(body["requestId"], headers["x-request-id"].to_str().unwrap());
        assert_eq!(headers["x-request-id"], headers["apigw-requestid"]);
        assert_eq!(headers.get("allow").map(|value| value.to_str().unwrap()), allow);
    }

    let preflight = [
        ("origin", "https://app.example"),
        ("access-control-request-method", "PATCH"),
        ("access-control-request-headers", "authorization,if-match"),
    ];
    for path in [customer.as_str(), "/v1/nothing"] {
        let (status, headers, body) = ask(&cloud, "OPTIONS", path, &preflight);
        assert_eq!((status, body.len()), (204, 0), "{path}");
        assert_eq!(headers["access-control-allow-origin"], "*");
        let methods = headers["access-control-allow-methods"].to_str().unwrap();
        assert!(methods.contains("PATCH") && methods.contains("HEAD"), "{methods}");
        assert!(
            headers["access-control-allow-headers"]
                .to_str()
                .unwrap()
                .contains("if-match")
        );
    }
}

#[test]
fn repeated_headers_are_joined_as_api_gateway_does() {
    let cloud = Cloud::start();
    let customer = cloud.customer("Acme");
    let send = |name: &str, values: [&str; 2], path: &str, body: &Value| {
        let headers: Vec<(&str, &str)> = values.into_iter().map(|value| (name, value)).collect();
        let method = if name == "if-match" { "PATCH" } else { "POST" };
        cloud.call(method, path, &cloud.admin(), &headers, Some(body)).unwrap()
    };
    let renamed = json!({"name": "New"});
    let (status, body) = send("if-match", ["\"7\"", "\"1\""], &customer, &renamed);
    assert_eq!((status, &body["version"]), (200, &json!(2)), "{body}");
    let (status, body) = send("if-match", ["\"7\"", "\"1\""], &customer, &renamed);
    assert_eq!((status, &body["code"]), (412, &json!("VERSION_MISMATCH")), "{body}");

    let department = json!({"name": "Sales"});
    let path = format!("{customer}/departments");
    let (status, body) = send("idempotency-key", ["one", "two"], &path, &department);
    assert_eq!(
        (status, &body["errors"][0]["field"]),
        (400, &json!("Idempotency-Key")),
        "{body}"
    );
    let (status, body) = send("authorization", ["Bearer one", "Bearer two"], &path, &department);
    assert_eq!((status, &body["code"]), (401, &json!("NOT_AUTHORIZED")), "{body}");
}

#[test]
fn a_flood_of_a_public_route_is_refused_and_hinders_no_other_route() {
    let cloud = Cloud::start();
    let customer = cloud.customer("Acme");
    let mut refused = Vec::new();
    // More than `PublicBurstLimit`, and faster than `PublicRateLimit` refills it.
    for _ in 0..400 {
        let (status, _, body) = ask(&cloud, "GET", "/v1/openapi.json", &[]);
        if status == 429 {
            refused = body;
            break;
        }
        assert_eq!(status, 200);
    }
    assert_eq!(
        String::from_utf8(refused).unwrap(),
        r#"{"message":"Too Many Requests"}"#
    );
    assert_eq!(ask(&cloud, "GET", &customer, &[]).0, 200);
}
