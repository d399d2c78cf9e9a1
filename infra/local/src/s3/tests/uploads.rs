//! Signatures, presigned uploads, checksums and CORS.

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use chrono::{TimeDelta, Utc};

use super::fixture;
use super::signing::{HOST, presigned, sha256, signed, signed_by, upload, upload_url};
use crate::dynamodb::ACCESS_KEY_ID;

#[tokio::test]
async fn a_presigned_upload_must_match_its_signature() {
    let (_folder, fixture) = fixture();
    let url = upload_url(Utc::now());
    let (status, headers, body) = fixture.send(upload(&url, "image/png", "hello")).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(headers["access-control-allow-origin"], "https://app.example");
    assert_eq!(fixture.get("uploads/a.png").await.1["content-type"], "image/png");

    let last = if url.ends_with('0') { '1' } else { '0' };
    let mut untyped = upload(&url, "image/png", "hello");
    untyped.headers_mut().remove(CONTENT_TYPE);
    for (what, request) in [
        ("length", upload(&url, "image/png", "hello!")),
        ("type", upload(&url, "image/svg+xml", "hello")),
        ("no type", untyped),
        ("key", upload(&url.replace("a.png", "b.png"), "image/png", "hello")),
        (
            "expiry",
            upload(&url.replace("Expires=300", "Expires=3000"), "image/png", "hello"),
        ),
        (
            "signature",
            upload(&format!("{}{last}", &url[..url.len() - 1]), "image/png", "hello"),
        ),
    ] {
        let (status, _, body) = fixture.send(request).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{what}: {body}");
        assert!(body.contains("<Code>SignatureDoesNotMatch</Code>"), "{what}: {body}");
    }
    assert_eq!(fixture.get("uploads/a.png").await.2, "hello");
    assert_eq!(fixture.get("uploads/b.png").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_unsigned_header_of_s3_is_refused() {
    let (_folder, fixture) = fixture();
    let with = |mut request: Request, name: &'static str| {
        request.headers_mut().insert(name, "x=1".parse().unwrap());
        request
    };
    let url = upload_url(Utc::now());
    for name in ["x-amz-tagging", "x-amz-acl", "x-amz-meta-by", "x-amz-copy-source"] {
        for request in [
            with(upload(&url, "image/png", "hello"), name),
            with(signed("PUT", "/pictures/uploads/a.png", &[], "hello"), name),
        ] {
            let is_upload = request.headers().contains_key("origin");
            let (status, headers, body) = fixture.send(request).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{body}");
            let message = format!("There were headers present in the request which were not signed: {name}");
            assert!(
                body.contains("<Code>AccessDenied</Code>") && body.contains(&message),
                "{body}"
            );
            assert_eq!(headers.contains_key("access-control-allow-origin"), is_upload);
        }
    }
    assert_eq!(fixture.get("uploads/a.png").await.0, StatusCode::NOT_FOUND);
    // A trace id and a browser's own headers do not matter.
    for name in ["x-amzn-trace-id", "user-agent", "sec-fetch-mode"] {
        let (status, _, body) = fixture.send(with(upload(&url, "image/png", "hello"), name)).await;
        assert_eq!(status, StatusCode::OK, "{name}: {body}");
    }
    fixture.put("b", &[("x-amz-tagging", "x=1")], "signed").await;
}

#[tokio::test]
async fn an_expired_url_is_refused() {
    let (_folder, fixture) = fixture();
    let url = upload_url(Utc::now() - TimeDelta::seconds(301));
    let (status, _, body) = fixture.send(upload(&url, "image/png", "hello")).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(
        body.contains("<Code>AccessDenied</Code>") && body.contains("Request has expired"),
        "{body}"
    );
}

#[tokio::test]
async fn a_missing_or_wrong_signature_is_refused() {
    let (_folder, fixture) = fixture();
    fixture.put("a", &[], "x").await;
    let bare = Request::get("/pictures/a")
        .header("host", HOST)
        .body(Body::empty())
        .unwrap();
    let stranger = signed_by("stranger", "GET", "/pictures/a", &[], &sha256(""), "");
    let mut moved = signed("GET", "/pictures/b", &[], "");
    *moved.uri_mut() = "/pictures/a".parse().unwrap();
    for (request, code) in [
        (bare, "AccessDenied"),
        (stranger, "InvalidAccessKeyId"),
        (moved, "SignatureDoesNotMatch"),
    ] {
        let (status, _, body) = fixture.send(request).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{body}");
        assert!(body.contains(&format!("<Code>{code}</Code>")), "{body}");
    }
    let old = Request::put("/pictures/a?AWSAccessKeyId=local&Signature=x&Expires=9999999999");
    let (status, _, body) = fixture.send(old.body(Body::from("y")).unwrap()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(body.contains("AWS4-HMAC-SHA256"), "{body}");
    assert_eq!(fixture.get("a").await.2, "x");
}

#[tokio::test]
async fn content_with_a_wrong_digest_is_not_stored() {
    let (_folder, fixture) = fixture();
    let other = signed_by(ACCESS_KEY_ID, "PUT", "/pictures/a", &[], &sha256("hello"), "HELLO");
    let (status, _, body) = fixture.send(other).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(body.contains("XAmzContentSHA256Mismatch"), "{body}");
    let wrong = [("x-amz-checksum-crc32", "AAAAAA==")];
    let (status, _, body) = fixture.ask("PUT", "/pictures/a", &wrong, "hello").await;
    assert_eq!(
        (status, body.contains("BadDigest")),
        (StatusCode::BAD_REQUEST, true),
        "{body}"
    );
    assert_eq!(fixture.get("a").await.0, StatusCode::NOT_FOUND);
    fixture.put("a", &[("x-amz-checksum-crc32", "NhCmhg==")], "hello").await;
}

#[tokio::test]
async fn chunks_with_a_trailing_checksum_are_joined() {
    let (_folder, fixture) = fixture();
    let put = |checksum: &str| {
        let headers = [
            ("content-encoding", "aws-chunked"),
            ("x-amz-decoded-content-length", "5"),
            ("x-amz-trailer", "x-amz-checksum-crc32"),
        ];
        let body = format!("3\r\nhel\r\n2\r\nlo\r\n0\r\nx-amz-checksum-crc32:{checksum}\r\n\r\n");
        let payload = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
        signed_by(ACCESS_KEY_ID, "PUT", "/pictures/a", &headers, payload, &body)
    };
    let (status, _, body) = fixture.send(put("AAAAAA==")).await;
    assert_eq!(
        (status, body.contains("BadDigest")),
        (StatusCode::BAD_REQUEST, true),
        "{body}"
    );
    let (status, _, body) = fixture.send(put("NhCmhg==")).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let (_, headers, body) = fixture.get("a").await;
    assert_eq!(body, "hello");
    assert!(!headers.contains_key("content-encoding"));
}

#[tokio::test]
async fn a_too_large_object_is_refused_before_it_is_read() {
    let (_folder, fixture) = fixture();
    let size = ((64 << 20) + 1).to_string();
    let url = presigned("PUT", "/pictures/a", &[("content-length", &size)], Utc::now());
    let request = Request::put(url).header("host", HOST).header("content-length", &size);
    let (status, _, body) = fixture.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(body.contains("<Code>EntityTooLarge</Code>"), "{body}");
}

#[tokio::test]
async fn a_preflight_request_needs_no_signature() {
    let (_folder, fixture) = fixture();
    let ask = |origin: &str, headers: &str| {
        Request::options("/pictures/uploads/a.png?X-Amz-Signature=x")
            .header("origin", origin)
            .header("access-control-request-method", "PUT")
            .header("access-control-request-headers", headers)
            .body(Body::empty())
            .unwrap()
    };
    let (status, headers, _) = fixture.send(ask("https://app.example", "content-type")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers["access-control-allow-headers"], "content-type");
    for (origin, headers) in [
        ("https://evil.example", "content-type"),
        ("https://app.example", "content-type,x-amzn-trace-id"),
    ] {
        let (status, headers, body) = fixture.send(ask(origin, headers)).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{body}");
        assert!(!headers.contains_key("access-control-allow-origin"));
    }
}
