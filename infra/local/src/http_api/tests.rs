//! Requests through the whole API to a function's process.

use axum::http::Method;
use serde_json::Value;
use tower::ServiceExt;

use super::*;
use crate::lambda::tests::lambda;
use crate::server::tests::{exchange, serve_app};

fn route(method: &str, path: &str) -> Route {
    Route {
        method: Some(method.to_owned()),
        path: path.to_owned(),
        function: "f".to_owned(),
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
    let app = app(lambda, &[route("PUT", "/things/{id}")], None);
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

/// A body that ends in another way than its head says is the client's error, whatever its size.
#[tokio::test]
async fn a_malformed_body_is_a_bad_request() {
    let (_folder, lambda) = lambda(|_| {});
    let port = serve_app(app(lambda, &[route("POST", "/things")], None)).await;
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
