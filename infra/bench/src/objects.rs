//! S3 as functions use it: every upload exists and is a PNG, every copy and removal succeeds, and no failures are kept.

use axum::{
    Router,
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};

/// A PNG of one pixel, without its pixel: a function reads its header.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";
const ETAG: &str = "\"d41d8cd98f00b204e9800998ecf8427e\"";
const COPIED: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<CopyObjectResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LastModified>2026-11-23T08:00:00.000Z</LastModified><ETag>"d41d8cd98f00b204e9800998ecf8427e"</ETag></CopyObjectResult>"#;

pub fn app() -> Router {
    Router::new().fallback(answer)
}

async fn answer(method: Method, headers: HeaderMap) -> Response {
    match method {
        Method::GET if headers.contains_key(header::RANGE) => {
            let headers = [
                (header::CONTENT_TYPE, "image/png"),
                (header::CONTENT_RANGE, "bytes 0-32/33"),
                (header::ETAG, ETAG),
            ];
            (StatusCode::PARTIAL_CONTENT, headers, PNG).into_response()
        }
        Method::GET => ([(header::CONTENT_TYPE, "application/xml")], "<ListBucketResult/>").into_response(),
        Method::PUT if headers.contains_key("x-amz-copy-source") => {
            ([(header::CONTENT_TYPE, "application/xml")], COPIED).into_response()
        }
        Method::DELETE => StatusCode::NO_CONTENT.into_response(),
        _ => StatusCode::NOT_IMPLEMENTED.into_response(),
    }
}
