//! Signing of requests, as SDKs do it.

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Builder;
use chrono::{DateTime, Utc};
use ring::{digest, hmac};

use crate::dynamodb::ACCESS_KEY_ID;
use crate::s3::SECRET_ACCESS_KEY;

pub const HOST: &str = "127.0.0.1:4566";

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn sha256(content: impl AsRef<[u8]>) -> String {
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

/// The signature of a request. `headers` must be sorted by name.
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

/// A request that is signed with the local cloud's key.
pub fn signed(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Request {
    signed_by(ACCESS_KEY_ID, method, target, headers, &sha256(body), body)
}

pub fn signed_by(
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

/// The path and query of a presigned URL that is valid for five minutes from `at`.
pub fn presigned(method: &str, path: &str, headers: &[(&str, &str)], at: DateTime<Utc>) -> String {
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

/// A browser's upload to a presigned URL.
pub fn upload(url: &str, content_type: &str, body: &str) -> Request {
    Request::put(url)
        .header("host", HOST)
        .header("content-type", content_type)
        .header("content-length", body.len())
        .header("origin", "https://app.example")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

pub fn upload_url(at: DateTime<Utc>) -> String {
    let headers = [("content-length", "5"), ("content-type", "image/png")];
    presigned("PUT", "/pictures/uploads/a.png", &headers, at)
}
