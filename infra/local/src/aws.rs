//! The application at the AWS URL: DynamoDB, its streams, SQS, EventBridge, Lambda's Invoke API and S3 with their wire
//! protocols, `/_local` for the subcommands and for scripts, and `/_cdn` for the distribution.
//!
//! It listens on loopback only, so it accepts any credentials. S3 does check signatures, because browsers get presigned URLs.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Query, Request, State};
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use crate::dynamodb::DynamoDb;
use crate::eventbridge::{self, EventBus};
use crate::lambda::TRACE_HEADER;
use crate::s3::S3;
use crate::server::guard::{self, Names};
use crate::sqs::{self, Sqs, SqsError};
use crate::wire;

/// The largest request that any of the services accepts: 16 MB, for DynamoDB.
const LARGEST_REQUEST: usize = 16 << 20;

#[derive(Clone)]
struct Services {
    dynamodb: DynamoDb,
    sqs: Sqs,
    bus: EventBus,
    s3: S3,
    names: Names,
}

/// The application. `lambda_invoke` contains the routes of the Invoke API, `names` the names of the port.
pub fn app(dynamodb: DynamoDb, sqs: Sqs, bus: EventBus, s3: S3, lambda_invoke: Router, names: Names) -> Router {
    let cdn = s3.cdn();
    let services = Services {
        dynamodb,
        sqs,
        bus,
        s3,
        names: names.clone(),
    };
    let own = Router::new()
        .route("/_local/health", get(health))
        .route("/_local/events", get(events))
        .route("/_local/queues", get(queues))
        .route("/_local/queues/{name}/redrive", post(redrive))
        .with_state(services.clone())
        .merge(lambda_invoke);
    Router::new()
        // SDKs send requests to `/`, or for SQS to the queue's URL.
        .fallback(perform)
        .layer(DefaultBodyLimit::max(LARGEST_REQUEST))
        .with_state(services)
        .merge(guard::only_own_pages(own, names))
        // Pages may use the distribution, and the bucket as its CORS rules allow.
        .merge(cdn)
}

/// One request in an AWS protocol.
async fn perform(State(services): State<Services>, request: Request) -> Response {
    let json = request.headers().contains_key("x-amz-target");
    if !json && services.s3.is_for_s3(&request) {
        return services.s3.answer(request).await;
    }
    if let Some(refusal) = services.names.refuse_foreign_origin(request.headers()) {
        return refusal;
    }
    let headers = request.headers().clone();
    let body = Bytes::from_request(request, &()).await;
    perform_json(&services, &headers, body).await
}

/// Performs the operation that `X-Amz-Target` names.
async fn perform_json(services: &Services, headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Response {
    let text = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let body = match body {
        Ok(body) => body,
        Err(error) => {
            let name = match error.status() {
                StatusCode::PAYLOAD_TOO_LARGE => "RequestEntityTooLargeException",
                _ => "SerializationException",
            };
            return refusal(error.status(), name, &error.body_text());
        }
    };
    let target = text("x-amz-target");
    match target.split_once('.') {
        Some(("DynamoDB_20120810" | "DynamoDBStreams_20120810", _)) => {
            match services.dynamodb.call(target, body.into()).await {
                Ok(answer) => dynamodb_answer(answer),
                Err(error) => wire::failure("application/x-amz-json-1.0", &error),
            }
        }
        Some(("AmazonSQS", operation)) => {
            let base = format!("http://{}", text(HOST.as_str()));
            let trace = Some(text(TRACE_HEADER)).filter(|header| !header.is_empty());
            sqs::wire::answer(&services.sqs, operation, &body, &base, trace).await
        }
        Some(("AWSEvents", operation)) => eventbridge::wire::answer(&services.bus, operation, &body),
        _ if text(CONTENT_TYPE.as_str()).starts_with("application/x-www-form-urlencoded") => refusal(
            StatusCode::BAD_REQUEST,
            "UnknownOperationException",
            "The local cloud supports the JSON protocol of SQS only, which SDKs have used since late 2023: update the client.",
        ),
        _ => refusal(
            StatusCode::BAD_REQUEST,
            "UnknownOperationException",
            &format!(
                "The local cloud does not support '{target}'. It supports DynamoDB, DynamoDB Streams, SQS, EventBridge, \
                 Lambda's Invoke, and S3 with the buckets of the template."
            ),
        ),
    }
}

fn dynamodb_answer(answer: crate::dynamodb::Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, answer.body).into_response();
    response.headers_mut().remove(CONTENT_TYPE);
    for (name, value) in answer.headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn refusal(status: StatusCode, name: &str, message: &str) -> Response {
    wire::json(
        status,
        "application/x-amz-json-1.0",
        &json!({ "__type": name, "message": message }),
    )
}

async fn health() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

#[derive(Deserialize)]
struct EventsQuery {
    /// Return the events after this number. `None`: return the newest events.
    after: Option<i64>,
    limit: Option<u32>,
    /// If there is no event after `after`: wait for one, for this many seconds.
    wait: Option<u64>,
}

async fn events(State(services): State<Services>, Query(query): Query<EventsQuery>) -> Response {
    if let (Some(after), Some(wait)) = (query.after, query.wait) {
        // After a timeout, the list of events is empty.
        let _ = tokio::time::timeout(Duration::from_secs(wait.min(60)), services.bus.newer_than(after)).await;
    }
    match services.bus.history(query.after, query.limit.unwrap_or(100)) {
        Ok(events) => Json(events).into_response(),
        Err(error) => wire::failure("application/json", &error),
    }
}

async fn queues(State(services): State<Services>) -> Response {
    match services.sqs.depths() {
        Ok(depths) => Json(depths).into_response(),
        Err(error) => sqs_failure(error),
    }
}

#[derive(Deserialize)]
struct RedriveQuery {
    /// A queue's name.
    destination: Option<String>,
}

async fn redrive(
    State(services): State<Services>,
    Path(name): Path<String>,
    Query(query): Query<RedriveQuery>,
) -> Response {
    match services.sqs.redrive(&name, query.destination.as_deref()) {
        Ok(done) => Json(json!({ "moved": done.moved, "failure": done.failure })).into_response(),
        Err(error) => sqs_failure(error),
    }
}

fn sqs_failure(error: SqsError) -> Response {
    match error {
        SqsError::Refused { shape, message } => wire::json(
            StatusCode::NOT_FOUND,
            "application/json",
            &json!({ "__type": shape, "message": message }),
        ),
        SqsError::Internal(error) => wire::failure("application/json", &error),
    }
}

#[cfg(test)]
mod tests;
