//! HEAD, on every endpoint that has GET.

use crate::support::{Call, World, at, endpoints, key_of};
use lambda_http::{Body, request::from_str};
use runtime::spec::Method;
use serde_json::Value;
use std::fs;

#[tokio::test]
async fn head_has_the_status_and_headers_of_get_and_no_body() {
    let world = World::new().await;
    let customer = at(&key_of(&world.tenant("Acme").await));
    for (caller, path, status) in [
        (world.admin(), customer.as_str(), 200),
        (world.admin(), "/v1/customers?limit=1", 200),
        (world.admin(), "/v1/openapi.json", 200),
        (world.admin(), "/v1/customers?limit=x", 400),
        (world.admin(), "/v1/customers/cus_x", 404),
        (world.token(), customer.as_str(), 403),
    ] {
        let (_, get) = world.send_unchecked(Call::new("GET", path).by(&caller)).await;
        let (_, head) = world.send_unchecked(Call::new("HEAD", path).by(&caller)).await;
        assert_eq!((get.status, head.status), (status, status), "{path}");
        assert!(!get.body.is_null() && head.body.is_null(), "{path}: {}", head.body);
        let without_id = |headers: &lambda_http::http::HeaderMap| {
            let mut headers = headers.clone();
            headers.remove("x-request-id").unwrap();
            headers
        };
        assert_eq!(without_id(get.headers()), without_id(head.headers()), "{path}");
    }
}

#[tokio::test]
async fn every_get_endpoint_answers_head() {
    let world = World::new().await;
    let bearer = format!("Bearer {}", world.admin().sign());
    let mut answered = 0;
    for endpoint in endpoints() {
        if endpoint.spec.method != Method::Get || endpoint.spec.is_of_client() {
            continue;
        }
        let path = template::root().join(format!("events/{}.json", endpoint.spec.name));
        let mut event: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        event["headers"]["authorization"] = bearer.clone().into();
        let mut answers = Vec::new();
        for method in ["GET", "HEAD"] {
            event["requestContext"]["http"]["method"] = method.into();
            let response = (endpoint.call)(&world.ctx, from_str(&event.to_string()).unwrap()).await;
            let (head, body) = response.into_parts();
            assert_eq!(matches!(body, Body::Empty), method == "HEAD", "{}", endpoint.spec.name);
            answers.push((head.status, head.headers));
        }
        assert_eq!(answers[0], answers[1], "{}", endpoint.spec.name);
        answered += 1;
    }
    assert!(answered > 15, "{answered}");
}
