//! The distribution: serves the objects below its origin path, without authentication.

use axum::Router;
use axum::body::Body;
use axum::extract::{OriginalUri, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
    LAST_MODIFIED, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::DateTime;
use percent_encoding::percent_decode_str;

use super::objects::{Object, Objects};
use super::refusal::refusal;
use crate::plan::Cdn;
use crate::wire;

const ROOT: &str = "/_cdn";

pub fn routes(objects: Objects, distribution: Cdn) -> Router {
    Router::new()
        .route(ROOT, get(serve))
        .route(&format!("{ROOT}/"), get(serve))
        .route(&format!("{ROOT}/{{*path}}"), get(serve))
        .with_state((objects, distribution))
}

async fn serve(
    State((objects, distribution)): State<(Objects, Cdn)>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response {
    let path = uri.path().strip_prefix(ROOT).unwrap_or_default();
    let Some(key) = key(&distribution.origin_path, path) else {
        return denied();
    };
    match objects.get((&distribution.bucket, &key)) {
        // A private bucket gives the same answer for a missing object and for a forbidden one.
        Ok(None) => denied(),
        Ok(Some((object, content))) => answer(&object, content, &headers),
        Err(error) => {
            wire::log(&error);
            refusal(StatusCode::BAD_GATEWAY, "InternalError", &format!("{error:#}"))
        }
    }
}

/// The key for a path. `None` for a path that tries to reach another key, with `..` for example.
fn key(origin_path: &str, path: &str) -> Option<String> {
    let raw = path.to_ascii_lowercase();
    let decoded = percent_decode_str(path).decode_utf8().ok()?;
    let is_suspicious = raw.contains("%2f")
        || decoded.contains('\\')
        || decoded.len() < 2
        || decoded.split('/').any(|part| part == "." || part == "..");
    let full = format!("{origin_path}{decoded}");
    full.strip_prefix('/').filter(|_| !is_suspicious).map(str::to_owned)
}

fn answer(object: &Object, content: Vec<u8>, requested: &HeaderMap) -> Response {
    let etag = format!("\"{}\"", object.etag);
    let modified = DateTime::from_timestamp_millis(object.modified_ms).unwrap_or_default();
    let attributes = &object.attributes;
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (CONTENT_TYPE, attributes.content_type.as_ref()),
        (CACHE_CONTROL, attributes.cache_control.as_ref()),
        (CONTENT_DISPOSITION, attributes.content_disposition.as_ref()),
        (CONTENT_ENCODING, attributes.content_encoding.as_ref()),
        (CONTENT_LANGUAGE, attributes.content_language.as_ref()),
        (ETAG, Some(&etag)),
        (
            LAST_MODIFIED,
            Some(&modified.format("%a, %d %b %Y %H:%M:%S GMT").to_string()),
        ),
    ] {
        // The values came in headers, so they are valid in headers.
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(name, value);
        }
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let is_known = requested
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| known.trim() == "*" || known.trim().trim_start_matches("W/") == etag);
    if is_known {
        headers.remove(CONTENT_TYPE);
        (StatusCode::NOT_MODIFIED, headers).into_response()
    } else {
        (headers, Body::from(content)).into_response()
    }
}

fn denied() -> Response {
    refusal(StatusCode::FORBIDDEN, "AccessDenied", "Access Denied")
}

#[cfg(test)]
mod tests {
    use super::key;

    #[test]
    fn a_key_is_the_origin_path_and_the_decoded_path() {
        assert_eq!(key("/logos", "/a/b%20c.png").as_deref(), Some("logos/a/b c.png"));
        assert_eq!(key("", "/a").as_deref(), Some("a"));
    }

    #[test]
    fn a_path_that_leads_elsewhere_has_no_key() {
        for path in [
            "",
            "/",
            "/..",
            "/../uploads/a",
            "/a/../../uploads/a",
            "/%2e%2e/uploads/a",
            "/%2E./uploads/a",
            "/..%2fuploads/a",
            "/a%2Fb",
            "/..%5cuploads",
            "/./a",
            "/%ff",
        ] {
            assert_eq!(key("/logos", path), None, "{path}");
        }
    }
}
