//! The HTTP API, as in API Gateway: routes to functions, payload format 2.0, CORS, throttling and limits.

mod cors;
mod payload;
mod routing;
mod throttle;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::json;
use uuid::Uuid;

use crate::lambda::{Lambda, Outcome};
use crate::plan::{Cors, Route, Throttles};
use routing::Routes;
use throttle::Buckets;

const LARGEST_REQUEST: usize = 10 * 1024 * 1024;
/// API Gateway waits this long for a function.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

struct HttpApi {
    lambda: Lambda,
    routes: Routes,
    buckets: Buckets,
    cors: Option<Cors>,
}

pub fn app(lambda: Lambda, routes: &[Route], throttles: &Throttles, cors: Option<Cors>) -> Router {
    let api = HttpApi {
        lambda,
        routes: Routes::new(routes),
        buckets: Buckets::new(routes, throttles, Instant::now()),
        cors,
    };
    Router::new().fallback(serve).with_state(Arc::new(api))
}

async fn serve(State(api): State<Arc<HttpApi>>, request: Request) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let is_preflight = cors::is_preflight(&request);
    let request_id = Uuid::new_v4().to_string();
    let mut response = api.answer(request, &request_id).await;
    if let Some(cors) = &api.cors {
        cors::decorate(cors, origin.as_ref(), is_preflight, response.headers_mut());
    }
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        response
            .headers_mut()
            .insert(HeaderName::from_static("apigw-requestid"), id);
    }
    response
}

impl HttpApi {
    async fn answer(&self, request: Request, request_id: &str) -> Response {
        let path = payload::decode(request.uri().path());
        let Some((route, parameters)) = self.routes.find(request.method().as_str(), &path) else {
            // The API itself answers a preflight request only if no route has its method: ANY and `$default` have.
            if self.cors.is_some() && cors::is_preflight(&request) {
                return cors::preflight();
            }
            return message(StatusCode::NOT_FOUND, "Not Found");
        };
        if !self.buckets.take(route, Instant::now()) {
            return message(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
        }
        let (head, body) = request.into_parts();
        let body = match to_bytes(body, LARGEST_REQUEST).await {
            Ok(body) => body,
            Err(error) if is_malformed(&error) => return message(StatusCode::BAD_REQUEST, "Bad Request"),
            Err(_) => return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"),
        };
        let event = payload::event(&head, &path, &body, route, parameters, request_id);
        match tokio::time::timeout(
            LONGEST_WAIT,
            self.lambda.invoke(&route.function, event.to_string().into()),
        )
        .await
        {
            Ok(Outcome::Answered(answer)) => payload::response(&answer)
                .unwrap_or_else(|| message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")),
            Ok(Outcome::Failed(_)) => message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
            Ok(Outcome::Throttled) | Err(_) => message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        }
    }
}

/// Whether a body can't be read because its framing is wrong, rather than because it is too large.
fn is_malformed(error: &axum::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<hyper::Error>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// An answer from the API, not from a function.
fn message(status: StatusCode, text: &str) -> Response {
    let mut response = Response::new(Body::from(json!({"message": text}).to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests;
