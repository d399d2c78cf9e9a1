//! CORS: the API answers preflight requests, and its headers replace the functions' CORS headers in other answers.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;

use crate::plan::Cors;

pub fn is_preflight(request: &Request) -> bool {
    let headers = request.headers();
    request.method() == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer of the API itself to a preflight request. `decorate` adds its headers.
pub fn preflight() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// Replaces the CORS headers of an answer by those of the configuration.
pub fn decorate(cors: &Cors, origin: Option<&HeaderValue>, is_preflight: bool, headers: &mut HeaderMap) {
    for name in [
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
        header::ACCESS_CONTROL_ALLOW_METHODS,
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        header::ACCESS_CONTROL_MAX_AGE,
    ] {
        headers.remove(name);
    }
    if !origin.is_some_and(|origin| allow(cors, origin, headers)) {
        return;
    }
    let max_age: Vec<String> = cors.max_age.iter().map(u32::to_string).collect();
    let added = if is_preflight {
        vec![
            (header::ACCESS_CONTROL_ALLOW_METHODS, &cors.allow_methods),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, &cors.allow_headers),
            (header::ACCESS_CONTROL_MAX_AGE, &max_age),
        ]
    } else {
        vec![(header::ACCESS_CONTROL_EXPOSE_HEADERS, &cors.expose_headers)]
    };
    for (name, values) in added {
        if let Some(value) = list(values) {
            headers.insert(name, value);
        }
    }
}

fn allow(cors: &Cors, origin: &HeaderValue, headers: &mut HeaderMap) -> bool {
    let any = cors.allow_origins.iter().any(|allowed| allowed == "*");
    let listed = origin
        .to_str()
        .is_ok_and(|origin| cors.allow_origins.iter().any(|allowed| matches(allowed, origin)));
    if !any && !listed {
        return false;
    }
    let value = if any {
        HeaderValue::from_static("*")
    } else {
        origin.clone()
    };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value);
    if cors.allow_credentials {
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
    }
    true
}

/// `allowed` may be an origin, or a scheme: `https://*`.
fn matches(allowed: &str, origin: &str) -> bool {
    match allowed.strip_suffix('*') {
        Some(scheme) => origin.starts_with(scheme),
        None => allowed == origin,
    }
}

fn list(values: &[String]) -> Option<HeaderValue> {
    // A value that is not valid in a header is omitted. API Gateway would refuse the template.
    if values.is_empty() {
        None
    } else {
        HeaderValue::try_from(values.join(",")).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors() -> Cors {
        Cors {
            allow_origins: vec!["https://app.example".to_owned()],
            allow_methods: vec!["GET".to_owned(), "PATCH".to_owned()],
            allow_headers: vec!["authorization".to_owned()],
            expose_headers: vec!["etag".to_owned()],
            max_age: Some(600),
            allow_credentials: true,
        }
    }

    fn decorated(origin: Option<&str>, is_preflight: bool) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        let origin = origin.map(|origin| HeaderValue::try_from(origin).unwrap());
        decorate(&cors(), origin.as_ref(), is_preflight, &mut headers);
        headers
    }

    #[test]
    fn the_answer_to_a_preflight_request_has_the_configured_headers() {
        let headers = decorated(Some("https://app.example"), true);
        assert_eq!(headers["access-control-allow-origin"], "https://app.example");
        assert_eq!(headers["access-control-allow-methods"], "GET,PATCH");
        assert_eq!(headers["access-control-allow-headers"], "authorization");
        assert_eq!(headers["access-control-allow-credentials"], "true");
        assert_eq!(headers["access-control-max-age"], "600");
    }

    #[test]
    fn a_foreign_origin_gets_no_headers() {
        for is_preflight in [true, false] {
            assert!(decorated(Some("https://evil.example"), is_preflight).is_empty());
        }
    }

    #[test]
    fn a_plain_options_request_is_not_a_preflight_request() {
        let options = || Request::options("/x").header("origin", "https://app.example");
        assert!(!is_preflight(&options().body(Body::empty()).unwrap()));
        let preflight = options().header("access-control-request-method", "PATCH");
        assert!(is_preflight(&preflight.body(Body::empty()).unwrap()));
    }

    #[test]
    fn the_cors_headers_of_functions_are_replaced() {
        assert!(decorated(None, false).is_empty());
        let headers = decorated(Some("https://app.example"), false);
        assert_eq!(headers["access-control-allow-origin"], "https://app.example");
        assert_eq!(headers["access-control-expose-headers"], "etag");
    }
}
