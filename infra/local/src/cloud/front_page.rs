//! `GET /` of the API: what is where. For a browser as HTML, for anything else as JSON.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, Method};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::any;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::Options;
use crate::data::{DataFolder, Ready};
use crate::plan::Plan;

/// The API with the front page, unless the template has a route there.
pub fn in_front_of(api: Router, page: Value, plan: &Plan) -> Router {
    // A default route answers 404 there, which helps nobody on a laptop.
    if plan.routes.iter().any(|route| route.path == "/") {
        return api;
    }
    let page = Arc::new(page);
    let behind = api.clone();
    // Other methods are the API's. `get` with a fallback would add `Allow` to its answers.
    let front = any(async move |request: Request| match *request.method() {
        Method::GET | Method::HEAD => show(&page, request.headers()),
        _ => behind.oneshot(request).await.into_response(),
    });
    Router::new().route("/", front).fallback_service(api)
}

/// The page's content. It has no token, because any program on this machine may read it.
pub fn content(data: &DataFolder, plan: &Plan, options: &Options, ready: &Ready) -> Value {
    let documents = plan.local.documents.iter();
    let documents = documents.map(|(name, path)| (name.clone(), format!("{}{path}", ready.api_url).into()));
    let commands = options
        .commands
        .iter()
        .map(|(name, about)| (name.clone(), about.as_str().into()));
    json!({
        "api": ready.api_url,
        "documents": documents.collect::<serde_json::Map<_, _>>(),
        "aws": ready.aws_url,
        "data": data.path(),
        "commands": commands.collect::<serde_json::Map<_, _>>(),
    })
}

fn show(page: &Value, headers: &HeaderMap) -> Response {
    let accepts = headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .unwrap_or_default();
    let headers = [(CACHE_CONTROL, "no-store"), (VARY, "accept")];
    match accepts.contains("text/html") {
        true => (headers, Html(html(page))).into_response(),
        false => (headers, [(CONTENT_TYPE, "application/json")], format!("{page:#}\n")).into_response(),
    }
}

fn html(page: &Value) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<title>Local cloud</title>\n\
         <style>body {{ font-family: sans-serif; margin: 2em }} td, th {{ padding: 0 1em 0.3em 0; text-align: left; \
         vertical-align: top }} td table {{ border-spacing: 0 }}</style>\n\
         <h1>The local cloud</h1>\n{}\n</html>\n",
        table(page)
    )
}

fn table(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let row = |(name, value): (&String, &Value)| {
                format!("<tr><th>{}</th><td>{}</td></tr>\n", escaped(name), table(value))
            };
            format!("<table>\n{}</table>", fields.iter().map(row).collect::<String>())
        }
        Value::String(text) if text.starts_with("http://") => {
            let url = escaped(text);
            format!("<a href=\"{url}\">{url}</a>")
        }
        Value::String(text) => escaped(text),
        other => escaped(&other.to_string()),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::{Request, StatusCode};
    use tower::ServiceExt;

    use super::*;
    use crate::plan::Route;

    fn page() -> Value {
        json!({"api": "http://127.0.0.1:3000", "data": "/<data>"})
    }

    async fn ask(app: &Router, method: &str, path: &str, accept: &str) -> (StatusCode, String) {
        let request = Request::builder().method(method).uri(path).header(ACCEPT, accept);
        let answer = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = answer.status();
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    fn api() -> Router {
        Router::new().fallback(async || (StatusCode::IM_A_TEAPOT, "the API"))
    }

    #[tokio::test]
    async fn the_front_page_is_html_for_browsers_and_json_for_programs() {
        let app = in_front_of(api(), page(), &Plan::default());
        let (status, html) = ask(&app, "GET", "/", "text/html,application/xhtml+xml,*/*;q=0.8").await;
        assert_eq!(status, StatusCode::OK);
        assert!(html.contains("<a href=\"http://127.0.0.1:3000\">"), "{html}");
        assert!(html.contains("/&lt;data&gt;"), "{html}");
        for accept in ["*/*", "application/json"] {
            let (status, json) = ask(&app, "GET", "/", accept).await;
            assert_eq!((status, json.parse().ok()), (StatusCode::OK, Some(page())));
        }
    }

    #[tokio::test]
    async fn everything_else_is_the_apis() {
        let app = in_front_of(api(), page(), &Plan::default());
        for (method, path) in [("POST", "/"), ("OPTIONS", "/"), ("GET", "/v1"), ("GET", "//")] {
            let (status, _) = ask(&app, method, path, "*/*").await;
            assert_eq!(status, StatusCode::IM_A_TEAPOT, "{method} {path}");
        }
        for (path, expected) in [("/", StatusCode::IM_A_TEAPOT), ("$default", StatusCode::OK)] {
            let plan = Plan {
                routes: vec![Route {
                    method: None,
                    path: path.to_owned(),
                    function: "f".to_owned(),
                    role: None,
                }],
                ..Plan::default()
            };
            let (status, _) = ask(&in_front_of(api(), page(), &plan), "GET", "/", "*/*").await;
            assert_eq!(status, expected, "{path}");
        }
    }
}
