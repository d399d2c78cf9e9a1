//! S3 as functions use it: every upload exists and is a PNG, every copy and removal succeeds, and no failures are kept.

use axum::{
    Router,
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};

/// The first bytes of a PNG: as many as a function asks for.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0d";
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
                (header::CONTENT_RANGE, "bytes 0-11/20480"),
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
