//! CORS: the API answers preflight requests, and its headers replace the functions' CORS headers in other answers.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;

use crate::plan::Cors;

/// The answer to a preflight request; `None` for any other request.
pub fn preflight(cors: &Cors, request: &Request) -> Option<Response> {
    let headers = request.headers();
    let is_preflight =
        request.method() == Method::OPTIONS && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let origin = headers.get(header::ORIGIN).filter(|_| is_preflight)?;

    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    if allow(cors, origin, response.headers_mut()) {
        let max_age = cors
            .max_age
            .map(|seconds| seconds.to_string())
            .into_iter()
            .collect::<Vec<_>>();
        for (name, values) in [
            (header::ACCESS_CONTROL_ALLOW_METHODS, &cors.allow_methods),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, &cors.allow_headers),
            (header::ACCESS_CONTROL_MAX_AGE, &max_age),
        ] {
            if let Some(value) = list(values) {
                response.headers_mut().insert(name, value);
            }
        }
    }
    Some(response)
}

/// Replaces the CORS headers of an answer by those of the configuration.
pub fn decorate(cors: &Cors, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
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
    if origin.is_some_and(|origin| allow(cors, origin, headers))
        && let Some(value) = list(&cors.expose_headers)
    {
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, value);
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

    fn ask(origin: &str) -> Response {
        let request = Request::options("/x")
            .header("origin", origin)
            .header("access-control-request-method", "PATCH")
            .body(Body::empty())
            .unwrap();
        preflight(&cors(), &request).unwrap()
    }

    #[test]
    fn a_preflight_request_is_answered() {
        let response = ask("https://app.example");
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        let headers = response.headers();
        assert_eq!(headers["access-control-allow-origin"], "https://app.example");
        assert_eq!(headers["access-control-allow-methods"], "GET,PATCH");
        assert_eq!(headers["access-control-allow-credentials"], "true");
        assert_eq!(headers["access-control-max-age"], "600");
    }

    #[test]
    fn a_foreign_origin_gets_no_headers() {
        assert!(ask("https://evil.example").headers().is_empty());
    }

    #[test]
    fn a_plain_options_request_is_not_a_preflight_request() {
        assert!(preflight(&cors(), &Request::options("/x").body(Body::empty()).unwrap()).is_none());
    }

    #[test]
    fn the_cors_headers_of_functions_are_replaced() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        decorate(&cors(), None, &mut headers);
        assert!(headers.is_empty());
        decorate(
            &cors(),
            Some(&HeaderValue::from_static("https://app.example")),
            &mut headers,
        );
        assert_eq!(headers["access-control-expose-headers"], "etag");
    }
}
