//! Requests through the whole API to a function's process.

use axum::http::Method;
use serde_json::Value;
use tower::ServiceExt;

use super::*;
use crate::lambda::tests::lambda;
use crate::plan::Throttle;
use crate::server::tests::{exchange, serve_app};

fn route(method: &str, path: &str) -> Route {
    Route {
        method: Some(method.to_owned()),
        path: path.to_owned(),
        function: "f".to_owned(),
        role: None,
    }
}

async fn ask(app: &Router, method: Method, path: &str, body: Vec<u8>) -> (u16, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json");
    let response = app
        .clone()
        .oneshot(request.body(Body::from(body)).unwrap())
        .await
        .unwrap();
    let status = response.status().as_u16();
    assert!(response.headers().contains_key("apigw-requestid"));
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn only_requests_with_a_route_reach_a_function() {
    let (_folder, lambda) = lambda(|_| {});
    let app = app(lambda, &[route("PUT", "/things/{id}")], &Throttles::default(), None);
    let (status, answer) = ask(&app, Method::PUT, "/things/a%20b?x=1", b"{}".to_vec()).await;
    assert_eq!(status, 200);
    assert_eq!(answer["echo"]["pathParameters"]["id"], "a b");
    for (method, path) in [
        (Method::GET, "/things/a"),
        (Method::PUT, "/other"),
        (Method::OPTIONS, "/things/a"),
    ] {
        let (status, answer) = ask(&app, method, path, Vec::new()).await;
        assert_eq!((status, &answer["message"]), (404, &Value::from("Not Found")));
    }
}

#[tokio::test]
async fn limits_and_failures_are_answered_like_in_api_gateway() {
    let (_folder, lambda) = lambda(|function| function.reserved_concurrency = Some(1));
    let app = app(
        lambda.clone(),
        &[route("PUT", "/things"), route("POST", "/poison")],
        &Throttles::default(),
        None,
    );
    let (status, answer) = ask(&app, Method::PUT, "/things", vec![b' '; LARGEST_REQUEST + 1]).await;
    assert_eq!(
        (status, &answer["message"]),
        (413, &Value::from("Request Entity Too Large"))
    );

    let slot = lambda.slot("f").await.unwrap();
    let (status, answer) = ask(&app, Method::PUT, "/things", Vec::new()).await;
    assert_eq!((status, &answer["message"]), (503, &Value::from("Service Unavailable")));
    drop(slot);

    // The function fails for every payload with the word "poison".
    let (status, answer) = ask(&app, Method::POST, "/poison", Vec::new()).await;
    assert_eq!(
        (status, &answer["message"]),
        (500, &Value::from("Internal Server Error"))
    );
}

#[tokio::test]
async fn a_request_above_the_limit_of_its_route_is_answered_by_the_api() {
    let (_folder, lambda) = lambda(|_| {});
    let throttles = Throttles {
        routes: [("PUT /a".to_owned(), Throttle { rate: 0.0, burst: 2.0 })].into(),
        ..Throttles::default()
    };
    let app = app(lambda, &[route("PUT", "/a"), route("PUT", "/b")], &throttles, None);
    let mut answers = Vec::new();
    for path in ["/a", "/a", "/a", "/b"] {
        let (status, answer) = ask(&app, Method::PUT, path, Vec::new()).await;
        answers.push((status, answer["message"].as_str().unwrap_or_default().to_owned()));
    }
    let (passed, refused) = ((200, String::new()), (429, "Too Many Requests".to_owned()));
    assert_eq!(answers, [passed.clone(), passed.clone(), refused, passed]);
}

/// Sends a preflight request, and returns the status, the allowed origin and whether a function answered.
async fn preflight(app: &Router) -> (u16, Option<String>, bool) {
    let request = Request::options("/things")
        .header(header::ORIGIN, "https://app.example")
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "PUT");
    let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let allowed = response.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
    let allowed = allowed.map(|value| value.to_str().unwrap().to_owned());
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, allowed, !body.is_empty())
}

#[tokio::test]
async fn a_preflight_request_reaches_a_default_route_and_gets_the_cors_headers_there_too() {
    let (_folder, lambda) = lambda(|_| {});
    let cors = Cors {
        allow_origins: vec!["*".to_owned()],
        ..Cors::default()
    };
    let put = route("PUT", "/things");
    let default = Route {
        method: None,
        path: "$default".to_owned(),
        ..put.clone()
    };
    let limits = Throttles::default();
    let without_default = app(lambda.clone(), std::slice::from_ref(&put), &limits, Some(cors.clone()));
    assert_eq!(preflight(&without_default).await, (204, Some("*".to_owned()), false));
    let with_default = app(lambda.clone(), &[put.clone(), default], &limits, Some(cors));
    assert_eq!(preflight(&with_default).await, (200, Some("*".to_owned()), true));
    let without_cors = app(lambda, &[put], &limits, None);
    assert_eq!(preflight(&without_cors).await, (404, None, true));
}

/// A body that ends in another way than its head says is the client's error, whatever its size.
#[tokio::test]
async fn a_malformed_body_is_a_bad_request() {
    let (_folder, lambda) = lambda(|_| {});
    let port = serve_app(app(lambda, &[route("POST", "/things")], &Throttles::default(), None)).await;
    for (case, head, body, half_close) in [
        (
            "a chunk size that is no number",
            "transfer-encoding: chunked",
            "zz\r\n{}\r\n0\r\n\r\n",
            false,
        ),
        (
            "a chunk that is too long",
            "transfer-encoding: chunked",
            "1\r\n{}\r\n0\r\n\r\n",
            false,
        ),
        (
            "a missing last chunk",
            "transfer-encoding: chunked",
            "2\r\n{}\r\n",
            true,
        ),
        ("a body that is too short", "content-length: 5", "{}", true),
    ] {
        let sent = format!("POST /things HTTP/1.1\r\nhost: localhost\r\n{head}\r\n\r\n{body}");
        let answer = exchange(port, &sent, half_close).await;
        assert!(answer.starts_with("http/1.1 400 "), "{case}: {answer}");
        assert!(answer.contains("\r\nconnection: close\r\n"), "{case}: {answer}");
    }
    let whole = "POST /things HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{}";
    assert!(exchange(port, whole, true).await.starts_with("http/1.1 200 "));
}
