//! CORS by the rules of a bucket: answers preflight requests, and adds headers to other answers.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::refusal::refusal;
use crate::plan::CorsRule;

/// The answer to a preflight request; `None` for any other request.
pub fn preflight(rules: &[CorsRule], request: &Request) -> Option<Response> {
    if request.method() != Method::OPTIONS {
        return None;
    }
    let text = |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    let (Some(origin), Some(method)) = (text(header::ORIGIN), text(header::ACCESS_CONTROL_REQUEST_METHOD)) else {
        return Some(refusal(
            StatusCode::BAD_REQUEST,
            "BadRequest",
            "Insufficient information. Origin and Access-Control-Request-Method request headers needed.",
        ));
    };
    let requested: Vec<String> = text(header::ACCESS_CONTROL_REQUEST_HEADERS)
        .unwrap_or_default()
        .split(',')
        .map(|name| name.trim().to_lowercase())
        .filter(|name| !name.is_empty())
        .collect();
    let rule = rules.iter().find(|rule| {
        fits(rule, origin, method)
            && requested.iter().all(|name| {
                rule.headers
                    .iter()
                    .any(|allowed| matches(&allowed.to_lowercase(), name))
            })
    });
    let Some(rule) = rule else {
        return Some(refusal(
            StatusCode::FORBIDDEN,
            "AccessForbidden",
            "CORSResponse: This CORS request is not allowed. No rule of the bucket has this origin, method and headers.",
        ));
    };
    let mut headers = headers(rule, origin);
    insert(&mut headers, header::ACCESS_CONTROL_ALLOW_HEADERS, &requested);
    Some((headers, Body::empty()).into_response())
}

/// The headers for an answer to a browser. Empty if no rule fits the request.
pub fn response_headers(rules: &[CorsRule], request: &Request) -> HeaderMap {
    let origin = request.headers().get(header::ORIGIN);
    let Some(origin) = origin.and_then(|value| value.to_str().ok()) else {
        return HeaderMap::new();
    };
    rules
        .iter()
        .find(|rule| fits(rule, origin, request.method().as_str()))
        .map(|rule| headers(rule, origin))
        .unwrap_or_default()
}

fn headers(rule: &CorsRule, origin: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let any = rule.origins.iter().any(|allowed| allowed == "*");
    let origin = if any { "*" } else { origin };
    insert(&mut headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, &[origin.to_owned()]);
    if !any {
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
    }
    insert(&mut headers, header::ACCESS_CONTROL_ALLOW_METHODS, &rule.methods);
    insert(
        &mut headers,
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        &rule.exposed_headers,
    );
    let max_age: Vec<String> = rule.max_age.iter().map(u32::to_string).collect();
    insert(&mut headers, header::ACCESS_CONTROL_MAX_AGE, &max_age);
    headers.insert(
        header::VARY,
        HeaderValue::from_static("Origin, Access-Control-Request-Headers, Access-Control-Request-Method"),
    );
    headers
}

/// Inserts nothing for an empty list, or for values that are not valid in a header.
fn insert(headers: &mut HeaderMap, name: HeaderName, values: &[String]) {
    if !values.is_empty()
        && let Ok(value) = HeaderValue::try_from(values.join(", "))
    {
        headers.insert(name, value);
    }
}

fn fits(rule: &CorsRule, origin: &str, method: &str) -> bool {
    rule.origins.iter().any(|allowed| matches(allowed, origin)) && rule.methods.iter().any(|allowed| allowed == method)
}

/// `allowed` may contain one `*`, which stands for any characters.
fn matches(allowed: &str, given: &str) -> bool {
    match allowed.split_once('*') {
        Some((start, end)) => {
            given.len() >= start.len() + end.len() && given.starts_with(start) && given.ends_with(end)
        }
        None => allowed == given,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(origin: &str) -> Vec<CorsRule> {
        vec![CorsRule {
            origins: vec![origin.to_owned()],
            methods: vec!["PUT".to_owned()],
            headers: vec!["Content-Type".to_owned(), "x-amz-*".to_owned()],
            exposed_headers: vec!["ETag".to_owned()],
            max_age: Some(600),
        }]
    }

    fn ask(rule_origin: &str, method: &str, headers: &str) -> Response {
        let request = Request::options("/b/k")
            .header("origin", "https://app.example")
            .header("access-control-request-method", method)
            .header("access-control-request-headers", headers)
            .body(Body::empty())
            .unwrap();
        preflight(&rules(rule_origin), &request).unwrap()
    }

    #[test]
    fn the_answer_to_a_preflight_request_lists_what_is_allowed() {
        let response = ask("https://*.example", "PUT", "Content-Type, x-amz-meta-a");
        assert_eq!(response.status(), StatusCode::OK);
        let headers = response.headers();
        assert_eq!(headers["access-control-allow-origin"], "https://app.example");
        assert_eq!(headers["access-control-allow-credentials"], "true");
        assert_eq!(headers["access-control-allow-methods"], "PUT");
        assert_eq!(headers["access-control-allow-headers"], "content-type, x-amz-meta-a");
        assert_eq!(headers["access-control-expose-headers"], "ETag");
        assert_eq!(headers["access-control-max-age"], "600");
    }

    #[test]
    fn any_origin_is_allowed_without_credentials() {
        let response = ask("*", "PUT", "");
        assert_eq!(response.headers()["access-control-allow-origin"], "*");
        assert!(!response.headers().contains_key("access-control-allow-credentials"));
    }

    #[test]
    fn an_origin_method_or_header_that_no_rule_allows_is_forbidden() {
        for (origin, method, headers) in [
            ("https://other.example", "PUT", ""),
            ("*", "GET", ""),
            ("*", "PUT", "authorization"),
        ] {
            assert_eq!(ask(origin, method, headers).status(), StatusCode::FORBIDDEN);
        }
    }

    #[test]
    fn an_answer_to_a_foreign_origin_gets_no_headers() {
        let request = |method: &str| {
            let request = Request::builder()
                .method(method)
                .header("origin", "https://app.example");
            request.body(Body::empty()).unwrap()
        };
        assert!(response_headers(&rules("https://app.example"), &request("GET")).is_empty());
        assert!(response_headers(&rules("https://other.example"), &request("PUT")).is_empty());
        let headers = response_headers(&rules("https://app.example"), &request("PUT"));
        assert_eq!(headers["access-control-allow-origin"], "https://app.example");
    }
}
