//! Keeps web pages out. A page that the developer happens to visit can send requests to this machine: as a plain form to any port, and
//! with a host name of its own that it points here (DNS rebinding).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::json;

/// The names of this machine, as a `Host` header has them, with the port.
#[derive(Clone)]
pub struct Names(Arc<[String]>);

impl Names {
    pub fn of_port(port: u16) -> Self {
        let names = ["127.0.0.1", "localhost", "[::1]"];
        let mut all: Vec<_> = names.iter().map(|name| format!("{name}:{port}")).collect();
        if port == 80 {
            all.extend(names.map(str::to_owned));
        }
        Self(all.into())
    }

    fn contain(&self, authority: &str) -> bool {
        self.0.iter().any(|name| name.eq_ignore_ascii_case(authority))
    }

    /// The refusal of a request from a page that this port did not serve.
    pub fn refuse_foreign_origin(&self, headers: &HeaderMap) -> Option<Response> {
        let is_own = |origin: &str| origin.strip_prefix("http://").is_some_and(|name| self.contain(name));
        let mut origins = headers.get_all(ORIGIN).iter();
        let is_foreign = origins.any(|origin| !origin.to_str().is_ok_and(is_own));
        is_foreign.then(|| {
            refusal(
                StatusCode::FORBIDDEN,
                "web pages may not send requests to this port".into(),
            )
        })
    }
}

/// Refuses requests for other hosts.
pub fn only_these_hosts(app: Router, names: Names) -> Router {
    app.layer(from_fn_with_state(names, check_host))
}

async fn check_host(State(names): State<Names>, request: Request, next: Next) -> Response {
    let mut hosts = request.headers().get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return refusal(StatusCode::BAD_REQUEST, "a request needs one Host header".into());
    };
    let in_target = request.uri().authority().map(Authority::as_str);
    let is_known =
        host.to_str().is_ok_and(|host| names.contain(host)) && in_target.is_none_or(|host| names.contain(host));
    if is_known {
        return next.run(request).await;
    }
    let text = format!("this port answers only under the hosts {}", names.0.join(", "));
    refusal(StatusCode::FORBIDDEN, text)
}

/// Refuses requests of pages that these names did not serve.
pub fn only_own_pages(app: Router, names: Names) -> Router {
    app.layer(from_fn_with_state(names, check_origin))
}

async fn check_origin(State(names): State<Names>, request: Request, next: Next) -> Response {
    match names.refuse_foreign_origin(request.headers()) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    }
}

/// Refuses all requests of browsers, which mark theirs.
pub fn no_browsers(app: Router) -> Router {
    app.layer(from_fn(async |request: Request, next: Next| {
        match request.headers().contains_key(ORIGIN) || request.headers().contains_key("sec-fetch-site") {
            true => refusal(
                StatusCode::FORBIDDEN,
                "browsers may not send requests to this port".into(),
            ),
            false => next.run(request).await,
        }
    }))
}

fn refusal(status: StatusCode, message: String) -> Response {
    (status, Json(json!({ "message": message }))).into_response()
}
