//! Requests through the whole router, signed as SDKs sign them.

use std::path::Path;

use axum::body::to_bytes;
use axum::http::HeaderMap;
use axum::http::request::Builder;
use chrono::{DateTime, TimeDelta, Utc};
use ring::{digest, hmac};
use tower::ServiceExt;

use super::*;
use crate::dynamodb::DynamoDb;
use crate::eventbridge::EventBus;
use crate::plan::{CorsRule, Expiration};
use crate::sqs::Sqs;
use crate::store::now_ms;

const HOST: &str = "127.0.0.1:4566";
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

struct Fixture {
    app: Router,
    s3: S3,
}

type Answer = (StatusCode, HeaderMap, String);

impl Fixture {
    fn open(folder: &Path) -> Self {
        let bucket = Bucket {
            name: "pictures".to_owned(),
            cors: vec![CorsRule {
                origins: vec!["https://app.example".to_owned()],
                methods: vec!["PUT".to_owned()],
                headers: vec!["content-type".to_owned()],
                ..CorsRule::default()
            }],
            expirations: vec![
                Expiration {
                    prefix: "uploads/".to_owned(),
                    tags: Vec::new(),
                    days: 1,
                },
                Expiration {
                    prefix: String::new(),
                    tags: vec![("state".to_owned(), "new".to_owned())],
                    days: 2,
                },
            ],
        };
        let cdn = Cdn {
            logical_id: "Cdn".to_owned(),
            bucket: "pictures".to_owned(),
            origin_path: "/shown".to_owned(),
        };
        let store = Store::open(&folder.join("cloud.db")).unwrap();
        let sqs = Sqs::open(store.clone(), &[]).unwrap();
        let bus = EventBus::open(store.clone(), sqs.clone(), &[], &[]).unwrap();
        let dynamodb = DynamoDb::open(&folder.join("tables.db")).unwrap();
        let s3 = S3::open(store, &[bucket], Some(cdn));
        Self {
            app: crate::aws::app(dynamodb, sqs, bus, s3.clone(), Router::new()),
            s3,
        }
    }

    async fn send(&self, request: Request) -> Answer {
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        (parts.status, parts.headers, String::from_utf8_lossy(&body).into_owned())
    }

    async fn ask(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.send(signed(method, target, headers, body)).await
    }

    async fn put(&self, key: &str, headers: &[(&str, &str)], body: &str) {
        let (status, _, text) = self.ask("PUT", &format!("/pictures/{key}"), headers, body).await;
        assert_eq!(status, StatusCode::OK, "{text}");
    }

    async fn get(&self, key: &str) -> Answer {
        self.ask("GET", &format!("/pictures/{key}"), &[], "").await
    }
}

fn fixture() -> (tempfile::TempDir, Fixture) {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open(folder.path());
    (folder, fixture)
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha256(content: impl AsRef<[u8]>) -> String {
    hex(digest::digest(&digest::SHA256, content.as_ref()))
}

fn mac(key: impl AsRef<[u8]>, text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()), text.as_bytes())
}

fn scope(at: DateTime<Utc>) -> String {
    format!("{}/us-east-1/s3/aws4_request", at.format("%Y%m%d"))
}

fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}

/// `headers` sorted by their names.
fn signature(method: &str, target: &str, headers: &[(&str, &str)], payload: &str, at: DateTime<Utc>) -> String {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut pairs: Vec<String> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| match pair.contains('=') {
            true => pair.to_owned(),
            false => format!("{pair}="),
        })
        .collect();
    pairs.sort();
    let lines: String = headers
        .iter()
        .map(|(name, value)| format!("{name}:{value}\n"))
        .collect();
    let canonical = format!(
        "{method}\n{path}\n{}\n{lines}\n{}\n{payload}",
        pairs.join("&"),
        names(headers)
    );
    let key = mac(format!("AWS4{SECRET_ACCESS_KEY}"), &at.format("%Y%m%d").to_string());
    let key = ["us-east-1", "s3", "aws4_request"]
        .iter()
        .fold(key, |key, part| mac(key, part));
    let to_sign = format!("AWS4-HMAC-SHA256\n{}\n{}\n{}", stamp(at), scope(at), sha256(canonical));
    hex(mac(key, &to_sign))
}

fn names(headers: &[(&str, &str)]) -> String {
    headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";")
}

fn signed(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Request {
    signed_by(ACCESS_KEY_ID, method, target, headers, &sha256(body), body)
}

fn signed_by(
    access_key: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    payload: &str,
    body: &str,
) -> Request {
    let at = Utc::now();
    let (date, length) = (stamp(at), body.len().to_string());
    let mut all = headers.to_vec();
    all.extend([
        ("host", HOST),
        ("x-amz-date", date.as_str()),
        ("x-amz-content-sha256", payload),
        ("content-length", length.as_str()),
    ]);
    all.sort();
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={access_key}/{}, SignedHeaders={}, Signature={}",
        scope(at),
        names(&all),
        signature(method, target, &all, payload, at)
    );
    with_headers(Request::builder().method(method).uri(target), &all)
        .header("authorization", authorization)
        .body(Body::from(body.to_owned()))
        .unwrap()
}

fn with_headers(builder: Builder, headers: &[(&str, &str)]) -> Builder {
    headers
        .iter()
        .fold(builder, |builder, (name, value)| builder.header(*name, *value))
}

/// A presigned URL's path and query, good for five minutes from `at`.
fn presigned(method: &str, path: &str, headers: &[(&str, &str)], at: DateTime<Utc>) -> String {
    let mut all = headers.to_vec();
    all.push(("host", HOST));
    all.sort();
    let query = format!(
        "{path}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={ACCESS_KEY_ID}%2F{}&X-Amz-Date={}&X-Amz-Expires=300\
         &X-Amz-SignedHeaders={}",
        scope(at).replace('/', "%2F"),
        stamp(at),
        names(&all).replace(';', "%3B")
    );
    let signature = signature(method, &query, &all, "UNSIGNED-PAYLOAD", at);
    format!("{query}&X-Amz-Signature={signature}")
}

fn upload(url: &str, content_type: &str, body: &str) -> Request {
    Request::put(url)
        .header("host", HOST)
        .header("content-type", content_type)
        .header("content-length", body.len())
        .header("origin", "https://app.example")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

fn upload_url(at: DateTime<Utc>) -> String {
    let headers = [("content-length", "5"), ("content-type", "image/png")];
    presigned("PUT", "/pictures/uploads/a.png", &headers, at)
}

#[tokio::test]
async fn an_object_comes_back_as_it_was_put() {
    let (_folder, fixture) = fixture();
    let headers = [
        ("cache-control", "max-age=60"),
        ("content-type", "image/png"),
        ("x-amz-meta-by", "me"),
        ("x-amz-tagging", "state=new&a%20b=c"),
    ];
    fixture.put("a%20b/%C3%A9.png", &headers, "hello").await;
    for method in ["GET", "HEAD"] {
        let (status, headers, body) = fixture.ask(method, "/pictures/a%20b/%C3%A9.png", &[], "").await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(body, if method == "GET" { "hello" } else { "" });
        assert_eq!(headers["etag"], "\"5d41402abc4b2a76b9719d911017c592\"");
        assert_eq!(headers["content-type"], "image/png");
        assert_eq!(headers["cache-control"], "max-age=60");
        assert_eq!(headers["content-length"], "5");
        assert_eq!(headers["x-amz-meta-by"], "me");
        assert!(headers.contains_key("last-modified"));
    }
    let (_, _, tags) = fixture.ask("GET", "/pictures/a%20b/%C3%A9.png?tagging", &[], "").await;
    assert!(
        tags.contains("<Key>a b</Key><Value>c</Value>") && tags.contains("<Key>state</Key>"),
        "{tags}"
    );
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let (_folder, fixture) = fixture();
    for (target, code) in [("/pictures/none", "NoSuchKey"), ("/elsewhere/none", "NoSuchBucket")] {
        let (status, _, body) = fixture.ask("GET", target, &[], "").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(body.contains(&format!("<Code>{code}</Code>")), "{body}");
    }
    assert_eq!(
        fixture.ask("HEAD", "/elsewhere", &[], "").await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(fixture.ask("HEAD", "/pictures", &[], "").await.0, StatusCode::OK);
    let (status, _, body) = fixture.ask("GET", "/", &[], "").await;
    assert_eq!((status, body.contains("<Name>pictures</Name>")), (StatusCode::OK, true));
}

#[tokio::test]
async fn a_range_is_a_part_and_nothing_has_no_parts() {
    let (_folder, fixture) = fixture();
    fixture.put("a", &[], "hello").await;
    fixture.put("empty", &[], "").await;
    for (range, content, said) in [
        ("bytes=1-2", "el", "bytes 1-2/5"),
        ("bytes=3-99", "lo", "bytes 3-4/5"),
        ("bytes=-2", "lo", "bytes 3-4/5"),
    ] {
        let (status, headers, body) = fixture.ask("GET", "/pictures/a", &[("range", range)], "").await;
        assert_eq!((status, body.as_str()), (StatusCode::PARTIAL_CONTENT, content));
        assert_eq!(headers["content-range"], said);
    }
    for (key, range) in [("a", "bytes=5-"), ("empty", "bytes=0-15"), ("empty", "bytes=-1")] {
        let target = format!("/pictures/{key}");
        let (status, _, body) = fixture.ask("GET", &target, &[("range", range)], "").await;
        assert_eq!(status, StatusCode::RANGE_NOT_SATISFIABLE, "{key} {range}");
        assert!(body.contains("<Code>InvalidRange</Code>"), "{body}");
    }
}

#[tokio::test]
async fn conditions_are_held_to() {
    let (_folder, fixture) = fixture();
    fixture.put("a", &[], "hello").await;
    let etag = "\"5d41402abc4b2a76b9719d911017c592\"";
    for (method, header, value, expected) in [
        ("GET", "if-match", etag, StatusCode::OK),
        ("GET", "if-match", "\"0\"", StatusCode::PRECONDITION_FAILED),
        ("GET", "if-none-match", etag, StatusCode::NOT_MODIFIED),
        ("HEAD", "if-match", "\"0\"", StatusCode::PRECONDITION_FAILED),
        ("PUT", "if-none-match", "*", StatusCode::PRECONDITION_FAILED),
        ("PUT", "if-match", etag, StatusCode::OK),
    ] {
        let (status, ..) = fixture.ask(method, "/pictures/a", &[(header, value)], "").await;
        assert_eq!(status, expected, "{method} {header}: {value}");
    }
}

#[tokio::test]
async fn a_copy_takes_over_or_replaces_what_it_is_told_to() {
    let (_folder, fixture) = fixture();
    let headers = [("content-type", "text/plain"), ("x-amz-tagging", "state=new")];
    fixture.put("a%20b", &headers, "hello").await;
    let from = ("x-amz-copy-source", "pictures/a%20b");
    let stale = [from, ("x-amz-copy-source-if-match", "\"0\"")];
    let (status, ..) = fixture.ask("PUT", "/pictures/b", &stale, "").await;
    assert_eq!(status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(fixture.get("b").await.0, StatusCode::NOT_FOUND);

    fixture.put("b", &[from], "").await;
    let (_, headers, body) = fixture.get("b").await;
    assert_eq!(
        (headers["content-type"].as_bytes(), body.as_str()),
        (&b"text/plain"[..], "hello")
    );
    let tags = fixture.ask("GET", "/pictures/b?tagging", &[], "").await.2;
    assert!(tags.contains("<Value>new</Value>"), "{tags}");

    let replaced = [
        from,
        ("x-amz-copy-source-if-match", "\"5d41402abc4b2a76b9719d911017c592\""),
        ("x-amz-metadata-directive", "REPLACE"),
        ("x-amz-tagging-directive", "REPLACE"),
        ("x-amz-tagging", "state=kept"),
        ("content-type", "image/png"),
        ("cache-control", "immutable"),
    ];
    let (status, _, body) = fixture.ask("PUT", "/pictures/c", &replaced, "").await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        body.contains("<CopyObjectResult>") && body.contains("5d41402a"),
        "{body}"
    );
    let (_, headers, _) = fixture.get("c").await;
    assert_eq!(
        (headers["content-type"].as_bytes(), headers["cache-control"].as_bytes()),
        (&b"image/png"[..], &b"immutable"[..])
    );
    let tags = fixture.ask("GET", "/pictures/c?tagging", &[], "").await.2;
    assert!(tags.contains("<Value>kept</Value>"), "{tags}");
    let none = [("x-amz-copy-source", "pictures/none")];
    assert_eq!(
        fixture.ask("PUT", "/pictures/d", &none, "").await.0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn deleted_objects_are_gone_and_may_be_deleted_again() {
    let (_folder, fixture) = fixture();
    for key in ["a", "b", "c"] {
        fixture.put(key, &[], "x").await;
    }
    for _ in 0..2 {
        let (status, ..) = fixture.ask("DELETE", "/pictures/a", &[], "").await;
        assert_eq!(status, StatusCode::NO_CONTENT);
    }
    let keys = "<Delete><Object><Key>b</Key></Object><Object><Key>none</Key></Object></Delete>";
    let (status, _, body) = fixture.ask("POST", "/pictures?delete", &[], keys).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert!(
        body.contains("<Key>b</Key>") && body.contains("<Key>none</Key>"),
        "{body}"
    );
    let list = fixture.ask("GET", "/pictures?list-type=2", &[], "").await.2;
    assert!(
        list.contains("<KeyCount>1</KeyCount>") && list.contains("<Key>c</Key>"),
        "{list}"
    );
}

#[tokio::test]
async fn tags_are_put_and_deleted() {
    let (_folder, fixture) = fixture();
    fixture.put("a", &[], "x").await;
    let tags = "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>";
    let (status, _, body) = fixture.ask("PUT", "/pictures/a?tagging", &[], tags).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert!(
        fixture
            .ask("GET", "/pictures/a?tagging", &[], "")
            .await
            .2
            .contains("<Key>k</Key><Value>v</Value>")
    );
    let (status, ..) = fixture.ask("DELETE", "/pictures/a?tagging", &[], "").await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert!(
        !fixture
            .ask("GET", "/pictures/a?tagging", &[], "")
            .await
            .2
            .contains("<Key>")
    );
    let (status, ..) = fixture.ask("PUT", "/pictures/none?tagging", &[], tags).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_list_goes_on_where_it_ended() {
    let (_folder, fixture) = fixture();
    for key in ["a/1", "a/2", "b", "c%25_d/1", "d"] {
        fixture.put(key, &[], "x").await;
    }
    let mut query = "delimiter=%2F&list-type=2&max-keys=2".to_owned();
    let mut seen = Vec::new();
    loop {
        let (_, _, body) = fixture.ask("GET", &format!("/pictures?{query}"), &[], "").await;
        let values = |element: &str| -> Vec<String> {
            let (open, close) = (format!("<{element}>"), format!("</{element}>"));
            let rest = body.split(&open).skip(1);
            rest.filter_map(|rest| Some(rest.split_once(&close)?.0.to_owned()))
                .collect()
        };
        seen.push(
            [values("Key"), values("Prefix")]
                .concat()
                .into_iter()
                .filter(|name| !name.is_empty())
                .collect::<Vec<_>>(),
        );
        let Some(token) = values("NextContinuationToken").pop() else {
            break;
        };
        query = format!("continuation-token={token}&delimiter=%2F&list-type=2&max-keys=2");
    }
    assert_eq!(seen, [vec!["b", "a/"], vec!["d", "c%_d/"]]);
    let list = fixture.ask("GET", "/pictures?list-type=2&prefix=a%2F", &[], "").await.2;
    assert!(list.contains("<KeyCount>2</KeyCount>"), "{list}");
    let list = fixture
        .ask("GET", "/pictures?encoding-type=url&list-type=2&prefix=c%25_", &[], "")
        .await
        .2;
    assert!(list.contains("<Key>c%25_d/1</Key>"), "{list}");
}

#[tokio::test]
async fn a_presigned_upload_is_held_to_what_was_signed() {
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
async fn who_does_not_sign_or_not_with_the_key_is_refused() {
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
async fn content_that_is_not_what_was_announced_is_not_kept() {
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
async fn chunks_with_a_checksum_behind_them_are_put_together() {
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
async fn an_object_that_is_too_large_is_refused_before_it_is_read() {
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
    let ask = |origin: &str| {
        Request::options("/pictures/uploads/a.png?X-Amz-Signature=x")
            .header("origin", origin)
            .header("access-control-request-method", "PUT")
            .header("access-control-request-headers", "content-type")
            .body(Body::empty())
            .unwrap()
    };
    let (status, headers, _) = fixture.send(ask("https://app.example")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers["access-control-allow-headers"], "content-type");
    assert_eq!(fixture.send(ask("https://evil.example")).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn objects_are_there_after_reopening() {
    let (folder, fixture) = fixture();
    fixture.put("a", &[("content-type", "image/png")], "hello").await;
    drop(fixture);
    let (status, headers, body) = Fixture::open(folder.path()).get("a").await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, "hello"));
    assert_eq!(headers["content-type"], "image/png");
}

#[tokio::test]
async fn expired_objects_are_deleted_and_no_others() {
    let (_folder, fixture) = fixture();
    fixture.put("uploads/a", &[], "x").await;
    fixture
        .put("shown/new", &[("x-amz-tagging", "state=new&more=1")], "x")
        .await;
    fixture.put("shown/kept", &[("x-amz-tagging", "state=kept")], "x").await;
    let left = async || {
        let body = fixture.ask("GET", "/pictures?list-type=2", &[], "").await.2;
        let keys = body.split("<Key>").skip(1);
        keys.map(|rest| rest.split('<').next().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    let now = now_ms();
    for (at, expected) in [
        (now + DAY_MS - 60_000, vec!["shown/kept", "shown/new", "uploads/a"]),
        (now + DAY_MS + 60_000, vec!["shown/kept", "shown/new"]),
        (now + 2 * DAY_MS + 60_000, vec!["shown/kept"]),
        (now + 900 * DAY_MS, vec!["shown/kept"]),
    ] {
        fixture.s3.delete_expired(at).unwrap();
        assert_eq!(left().await, expected);
    }
}

#[tokio::test]
async fn the_distribution_shows_what_is_below_its_path_and_nothing_else() {
    let (_folder, fixture) = fixture();
    let headers = [("cache-control", "immutable"), ("content-type", "image/png")];
    fixture.put("shown/a%20b.png", &headers, "hello").await;
    fixture.put("uploads/a.png", &headers, "secret").await;
    let get = |path: &str| Request::get(format!("/_cdn/{path}")).body(Body::empty()).unwrap();
    let (status, headers, body) = fixture.send(get("a%20b.png?v=1")).await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, "hello"));
    assert_eq!(headers["content-type"], "image/png");
    assert_eq!(headers["cache-control"], "immutable");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    let etag = headers["etag"].clone();

    let mut known = get("a%20b.png");
    known.headers_mut().insert("if-none-match", etag);
    let (status, _, body) = fixture.send(known).await;
    assert_eq!((status, body.as_str()), (StatusCode::NOT_MODIFIED, ""));
    let mut head = get("a%20b.png");
    *head.method_mut() = Method::HEAD;
    let (status, headers, body) = fixture.send(head).await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, ""));
    assert_eq!(headers["content-length"], "5");

    for path in [
        "none",
        "",
        "uploads/a.png",
        "../uploads/a.png",
        "%2e%2e/uploads/a.png",
        "..%2fuploads%2fa.png",
        "/uploads/a.png",
    ] {
        let (status, _, body) = fixture.send(get(path)).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
        assert!(!body.contains("secret"));
    }
    let mut put = get("a.png");
    *put.method_mut() = Method::PUT;
    assert_eq!(fixture.send(put).await.0, StatusCode::METHOD_NOT_ALLOWED);
}
