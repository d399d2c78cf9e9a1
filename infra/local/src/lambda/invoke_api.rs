//! Lambda's Invoke API, so that `aws lambda invoke --endpoint-url` and any SDK can run a function.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};

use super::outcome::Outcome;
use super::runtime_api::LARGEST_ANSWER;
use super::service::Lambda;
use super::trace::{self, Trace};

pub fn routes(lambda: Lambda) -> Router {
    Router::new()
        .route("/2015-03-31/functions/{name}/invocations", post(invoke))
        .layer(DefaultBodyLimit::max(LARGEST_ANSWER))
        .with_state(lambda)
}

async fn invoke(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    headers: HeaderMap,
    payload: Bytes,
) -> Response {
    let function = bare_name(&name).to_owned();
    if !lambda.has(&function) {
        let known: Vec<&str> = lambda.names().collect();
        let message = format!("Function not found: {function}. Known here: {}", known.join(", "));
        return refusal(StatusCode::NOT_FOUND, "ResourceNotFoundException", &message);
    }
    let payload = if payload.is_empty() {
        Bytes::from_static(b"{}")
    } else {
        payload
    };
    if serde_json::from_slice::<Value>(&payload).is_err() {
        return refusal(
            StatusCode::BAD_REQUEST,
            "InvalidRequestContentException",
            "The payload is not JSON",
        );
    }
    let trace = Trace::of(headers.get(trace::HEADER).and_then(|header| header.to_str().ok()));
    if lambda.stops(&function, &trace) {
        lambda.report(&function, "stopped a recursive loop: it would invoke itself for ever");
        let message = "Lambda has detected your function being invoked in a recursive loop and stopped its invocation.";
        return refusal(StatusCode::BAD_REQUEST, "RecursiveInvocationException", message);
    }
    match headers
        .get("x-amz-invocation-type")
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or("RequestResponse")
    {
        "RequestResponse" => answer(lambda.invoke_in(trace, &function, payload).await),
        "Event" => {
            // One attempt, from memory. AWS queues the event and tries three times; a template uses a queue for messages that
            // must not be lost.
            tokio::spawn(async move { lambda.invoke_in(trace, &function, payload).await });
            StatusCode::ACCEPTED.into_response()
        }
        "DryRun" => StatusCode::NO_CONTENT.into_response(),
        other => {
            let message = format!("{other} is not an invocation type");
            refusal(StatusCode::BAD_REQUEST, "InvalidParameterValueException", &message)
        }
    }
}

/// The function's name, from a name or an ARN, with or without a version.
fn bare_name(name: &str) -> &str {
    let name = name.rsplit_once(":function:").map_or(name, |(_, name)| name);
    name.split_once(':').map_or(name, |(name, _version)| name)
}

fn answer(outcome: Outcome) -> Response {
    let version = (
        HeaderName::from_static("x-amz-executed-version"),
        HeaderValue::from_static("$LATEST"),
    );
    let json = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    match outcome {
        Outcome::Answered(body) => ([version, json], body).into_response(),
        Outcome::Failed(body) => {
            let failed = (
                HeaderName::from_static("x-amz-function-error"),
                HeaderValue::from_static("Unhandled"),
            );
            ([version, json, failed], body).into_response()
        }
        Outcome::Throttled => refusal(
            StatusCode::TOO_MANY_REQUESTS,
            "TooManyRequestsException",
            "Rate Exceeded.",
        ),
    }
}

fn refusal(status: StatusCode, kind: &'static str, message: &str) -> Response {
    let headers = [
        (
            HeaderName::from_static("x-amzn-errortype"),
            HeaderValue::from_static(kind),
        ),
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
    ];
    let body = json!({"Type": "User", "Message": message, "message": message});
    (status, headers, body.to_string()).into_response()
}
