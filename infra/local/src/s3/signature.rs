//! What S3 requires of a signature beyond its value, which s3s checks.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::response::Response;
use percent_encoding::percent_decode_str;

use super::refusal::refusal;

/// The refusal of a signature that S3 does not accept, whatever its value.
pub fn refused(request: &Request) -> Option<Response> {
    if is_old(request) {
        return Some(refusal(
            StatusCode::BAD_REQUEST,
            "InvalidRequest",
            "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
        ));
    }
    let unsigned = unsigned(request);
    (!unsigned.is_empty()).then(|| {
        let message = format!(
            "There were headers present in the request which were not signed: {}",
            unsigned.join(", ")
        );
        refusal(StatusCode::FORBIDDEN, "AccessDenied", &message)
    })
}

/// Whether a request is signed by version 2 of the signature. S3 does not accept it for new buckets, and it does not cover
/// an upload's headers.
fn is_old(request: &Request) -> bool {
    let query = request.uri().query().unwrap_or_default();
    let in_query = query.split('&').any(|pair| pair.starts_with("Signature="));
    let in_header = authorization(request).starts_with("AWS ");
    in_query || in_header
}

/// The headers that take effect in S3 and are not signed: without this rule, whoever holds a presigned URL could add some.
/// `x-amzn-trace-id` is none of them.
fn unsigned(request: &Request) -> Vec<&str> {
    let Some(signed) = signed(request) else {
        // Nothing is signed. s3s refuses that.
        return Vec::new();
    };
    let names = request.headers().keys().map(|name| name.as_str());
    names
        .filter(|name| name.starts_with("x-amz-") && !signed.split(';').any(|signed| signed == *name))
        .collect()
}

/// The list of signed headers, from the query of a presigned URL or from the header `Authorization`.
fn signed(request: &Request) -> Option<String> {
    let mut pairs = request.uri().query().unwrap_or_default().split('&');
    if let Some(names) = pairs.find_map(|pair| pair.strip_prefix("X-Amz-SignedHeaders=")) {
        return Some(percent_decode_str(names).decode_utf8().ok()?.into_owned());
    }
    let (_, rest) = authorization(request).split_once("SignedHeaders=")?;
    Some(rest.split(',').next()?.trim().to_owned())
}

fn authorization(request: &Request) -> &str {
    let value = request.headers().get(AUTHORIZATION);
    value.and_then(|value| value.to_str().ok()).unwrap_or_default()
}
