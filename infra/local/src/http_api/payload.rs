//! Payload format 2.0: converts a request to a function's event, and the function's answer to a response.

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::plan::{ACCOUNT, Route};
use crate::template::API_ID;

/// API Gateway decodes the path for functions.
pub fn decode(path: &str) -> String {
    percent_decode_str(path).decode_utf8_lossy().into_owned()
}

pub fn event(
    request: &Parts,
    path: &str,
    body: &Bytes,
    route: &Route,
    path_parameters: Map<String, Value>,
    request_id: &str,
) -> Value {
    let route_key = route.key();
    let headers = headers(&request.headers);
    let host = headers.get("host").and_then(Value::as_str).unwrap_or("localhost");
    let domain = host.rsplit_once(':').map_or(host, |(name, _port)| name);
    let user_agent = headers.get("user-agent").cloned().unwrap_or_else(|| "".into());
    let now = Utc::now();
    let query = request.uri.query().unwrap_or_default();

    let mut event = json!({
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": API_ID,
            "domainName": domain,
            "domainPrefix": domain.split('.').next(),
            "http": {
                "method": request.method.as_str(),
                "path": path,
                "protocol": format!("{:?}", request.version),
                "sourceIp": "127.0.0.1",
                "userAgent": user_agent,
            },
            "requestId": request_id,
            "routeKey": route_key,
            "stage": "$default",
            "time": now.format("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": now.timestamp_millis(),
        },
        "isBase64Encoded": false,
    });
    // The event omits fields that the request does not have.
    let cookies = cookies(&request.headers);
    if !cookies.is_empty() {
        event["cookies"] = cookies.into();
    }
    if !query.is_empty() {
        event["queryStringParameters"] = query_parameters(query).into();
    }
    if !path_parameters.is_empty() {
        event["pathParameters"] = path_parameters.into();
    }
    if !body.is_empty() {
        match std::str::from_utf8(body) {
            Ok(text) if is_text(&request.headers) => event["body"] = text.into(),
            _ => {
                event["body"] = STANDARD.encode(body).into();
                event["isBase64Encoded"] = true.into();
            }
        }
    }
    event
}

/// Whether the body is passed on as text. All other types are passed on in base64, including forms and
/// `application/merge-patch+json`.
fn is_text(headers: &HeaderMap) -> bool {
    let Some(content_type) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let media_type = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    media_type.starts_with("text/")
        || matches!(
            media_type.as_str(),
            "application/json" | "application/xml" | "application/javascript"
        )
}

fn headers(received: &HeaderMap) -> Map<String, Value> {
    let mut headers = Map::new();
    for name in received.keys() {
        if matches!(
            name.as_str(),
            "cookie" | "connection" | "transfer-encoding" | "keep-alive" | "upgrade"
        ) {
            continue;
        }
        headers.insert(name.as_str().to_owned(), joined(received, name).into());
    }
    for (name, value) in [("x-forwarded-for", "127.0.0.1"), ("x-forwarded-proto", "http")] {
        headers.entry(name).or_insert_with(|| value.into());
    }
    headers
}

fn joined(headers: &HeaderMap, name: &HeaderName) -> String {
    let values: Vec<_> = headers
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    values.join(",")
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let all = headers
        .get_all(header::COOKIE)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    all.flat_map(|line| {
        line.split(';')
            .map(|cookie| cookie.trim().to_owned())
            .collect::<Vec<_>>()
    })
    .filter(|cookie| !cookie.is_empty())
    .collect()
}

fn query_parameters(query: &str) -> Map<String, Value> {
    let mut parameters: Map<String, Value> = Map::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match parameters.get_mut(name.as_ref()) {
            Some(Value::String(values)) => {
                values.push(',');
                values.push_str(&value);
            }
            _ => {
                parameters.insert(name.into_owned(), value.into());
            }
        }
    }
    parameters
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Structured {
    status_code: Value,
    #[serde(default)]
    headers: Option<Map<String, Value>>,
    #[serde(default)]
    cookies: Option<Vec<String>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: Option<bool>,
}

/// The response for a function's answer. `None` if API Gateway would not accept the answer.
pub fn response(answer: &Bytes) -> Option<Response> {
    let answer: Value = serde_json::from_slice(answer).ok()?;
    if answer.get("statusCode").is_none() {
        return Some(inferred(answer));
    }
    let answer: Structured = serde_json::from_value(answer).ok()?;
    let status = match &answer.status_code {
        Value::Number(code) => u16::try_from(code.as_u64()?).ok()?,
        Value::String(code) => code.parse().ok()?,
        _ => return None,
    };
    let text = answer.body.unwrap_or_default();
    let body = if answer.is_base64_encoded == Some(true) {
        STANDARD.decode(text).ok()?
    } else {
        text.into_bytes()
    };

    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status)
        .ok()
        .filter(|status| status.as_u16() >= 200)?;
    let headers = response.headers_mut();
    for (name, value) in answer.headers.unwrap_or_default() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        headers.insert(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?);
    }
    // The function may have counted the length in base64.
    headers.remove(header::CONTENT_LENGTH);
    headers
        .entry(header::CONTENT_TYPE)
        .or_insert(HeaderValue::from_static("text/plain;charset=UTF-8"));
    for cookie in answer.cookies.unwrap_or_default() {
        headers.append(header::SET_COOKIE, HeaderValue::try_from(cookie).ok()?);
    }
    Some(response)
}

/// An answer without a status code is itself the body.
fn inferred(answer: Value) -> Response {
    let body = match answer {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let mut response = Response::new(Body::from(body));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn event_of(request: Request<&'static str>, parameters: Value) -> Value {
        let (head, body) = request.into_parts();
        let route = Route {
            method: Some("GET".to_owned()),
            path: "/a/{b}".to_owned(),
            function: "f".to_owned(),
            role: None,
        };
        let path = decode(head.uri.path());
        let Value::Object(parameters) = parameters else {
            unreachable!()
        };
        event(
            &head,
            &path,
            &Bytes::from_static(body.as_bytes()),
            &route,
            parameters,
            "r-1",
        )
    }

    #[test]
    fn a_request_becomes_an_event() {
        let request = Request::get("/a/x%20y?q=1&q=2&empty=&plus=a+b%26")
            .header("Host", "127.0.0.1:3000")
            .header("X-Many", "1")
            .header("X-Many", "2")
            .header("Cookie", "a=1; b=2")
            .header("Content-Type", "application/json; charset=utf-8")
            .body("{}")
            .unwrap();
        let event = event_of(request, json!({"b": "x y"}));
        assert_eq!(event["rawPath"], "/a/x y");
        assert_eq!(event["rawQueryString"], "q=1&q=2&empty=&plus=a+b%26");
        assert_eq!(
            event["queryStringParameters"],
            json!({"q": "1,2", "empty": "", "plus": "a b&"})
        );
        assert_eq!(event["headers"]["x-many"], "1,2");
        assert_eq!(event["headers"].get("cookie"), None);
        assert_eq!(event["cookies"], json!(["a=1", "b=2"]));
        assert_eq!(event["pathParameters"], json!({"b": "x y"}));
        assert_eq!(
            (&event["body"], &event["isBase64Encoded"]),
            (&json!("{}"), &json!(false))
        );
        assert_eq!(event["routeKey"], "GET /a/{b}");
        assert_eq!(event["requestContext"]["http"]["protocol"], "HTTP/1.1");
        assert_eq!(event["requestContext"]["domainName"], "127.0.0.1");
    }

    #[test]
    fn a_body_that_is_not_text_is_encoded_in_base64() {
        let request = Request::patch("/a/b")
            .header("Content-Type", "application/merge-patch+json")
            .body("{}")
            .unwrap();
        let event = event_of(request, json!({}));
        assert_eq!(
            (&event["body"], &event["isBase64Encoded"]),
            (&json!("e30="), &json!(true))
        );
        let event = event_of(Request::get("/a/b").body("").unwrap(), json!({}));
        assert_eq!(event.get("body"), None);
        assert_eq!(event.get("queryStringParameters"), None);
    }

    async fn respond(answer: Value) -> Option<(u16, HeaderMap, String)> {
        let response = response(&answer.to_string().into())?;
        let (head, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Some((
            head.status.as_u16(),
            head.headers,
            String::from_utf8(body.to_vec()).unwrap(),
        ))
    }

    #[tokio::test]
    async fn a_structured_answer_becomes_a_response() {
        let answer = json!({
            "statusCode": 201,
            "headers": {"ETag": "\"1\"", "X-Number": 5, "Content-Length": "4"},
            "cookies": ["a=1", "b=2"],
            "body": "aGk=",
            "isBase64Encoded": true,
        });
        let (status, headers, body) = respond(answer).await.unwrap();
        assert_eq!((status, body.as_str()), (201, "hi"));
        assert_eq!(
            (&headers["etag"], &headers["x-number"]),
            (&"\"1\"".parse().unwrap(), &"5".parse().unwrap())
        );
        assert_eq!(headers.get_all("set-cookie").iter().count(), 2);
        assert_eq!(headers.get("content-length"), None);
    }

    #[tokio::test]
    async fn an_answer_without_a_status_is_a_body_and_an_invalid_one_is_refused() {
        let (status, headers, body) = respond(json!({"a": 1})).await.unwrap();
        assert_eq!((status, body.as_str()), (200, r#"{"a":1}"#));
        assert_eq!(headers["content-type"], "application/json");
        assert_eq!(respond(json!("text")).await.unwrap().2, "text");
        for broken in [
            json!({"statusCode": "x"}),
            json!({"statusCode": 99}),
            json!({"statusCode": 200, "body": {}}),
        ] {
            assert!(respond(broken.clone()).await.is_none(), "{broken}");
        }
        assert!(response(&Bytes::from_static(b"not json")).is_none());
    }
}
