//! The Runtime API for one function process: the process asks for its next invocation and reports the result.
//!
//! The protocol does not identify the function that asks, so every process has a separate address.

use std::sync::Mutex;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};

/// The largest answer of a synchronous invocation, in bytes.
pub const LARGEST_ANSWER: usize = 6 * 1024 * 1024;

/// One piece of work for a process.
pub struct Invocation {
    pub request_id: String,
    pub payload: Bytes,
    /// When the invocation times out, in milliseconds since the epoch.
    pub deadline_ms: i64,
    /// The trace header.
    pub trace: String,
    pub reply: oneshot::Sender<Report>,
}

/// The result of an invocation, as the process reports it.
#[derive(Debug, PartialEq)]
pub enum Report {
    Answer(Bytes),
    /// An error document from the function's runtime library.
    Error(Bytes),
    AnswerTooLarge,
}

/// The state that the routes share with the owner of the process.
pub struct RuntimeApi {
    function_arn: String,
    work: tokio::sync::Mutex<mpsc::Receiver<Invocation>>,
    current: Mutex<Option<(String, oneshot::Sender<Report>)>>,
    initialised: watch::Sender<bool>,
    init_error: Mutex<Option<Bytes>>,
}

impl RuntimeApi {
    pub fn new(function_arn: String, work: mpsc::Receiver<Invocation>) -> Arc<Self> {
        Arc::new(Self {
            function_arn,
            work: tokio::sync::Mutex::new(work),
            current: Mutex::new(None),
            initialised: watch::Sender::new(false),
            init_error: Mutex::new(None),
        })
    }

    /// Resolves when the process has asked for work for the first time.
    pub async fn initialised(&self) {
        // The sender lives as long as `self`.
        let _ = self.initialised.subscribe().wait_for(|initialised| *initialised).await;
    }

    /// The error document that the process reported for its failed start.
    pub fn init_error(&self) -> Option<Bytes> {
        lock(&self.init_error).take()
    }

    pub fn routes(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .layer(DefaultBodyLimit::disable())
            .with_state(self.clone())
    }

    /// Sends the report to the caller that waits for it.
    fn settle(&self, id: &str, report: Report) -> Response {
        let mut current = lock(&self.current);
        if current.as_ref().is_none_or(|(current, _)| current != id) {
            return refusal(
                StatusCode::BAD_REQUEST,
                "InvalidRequestID",
                "This is not the current invocation",
            );
        }
        if let Some((_, reply)) = current.take() {
            // After a timeout no caller waits any more, and the process is about to be ended.
            let _ = reply.send(report);
        }
        accepted()
    }
}

async fn next(State(api): State<Arc<RuntimeApi>>) -> Response {
    api.initialised.send_replace(true);
    let invocation = api.work.lock().await.recv().await;
    let Some(Invocation {
        request_id,
        payload,
        deadline_ms,
        trace,
        reply,
    }) = invocation
    else {
        return refusal(StatusCode::GONE, "Stopping", "There is no more work");
    };
    let headers = [
        ("lambda-runtime-aws-request-id", request_id.clone()),
        ("lambda-runtime-deadline-ms", deadline_ms.to_string()),
        ("lambda-runtime-invoked-function-arn", api.function_arn.clone()),
        ("lambda-runtime-trace-id", trace),
        ("content-type", "application/json".to_owned()),
    ]
    .map(|(name, value)| (HeaderName::from_static(name), value));
    *lock(&api.current) = Some((request_id, reply));
    (axum::response::AppendHeaders(headers), payload).into_response()
}

async fn response(State(api): State<Arc<RuntimeApi>>, Path(id): Path<String>, request: Request) -> Response {
    match axum::body::to_bytes(request.into_body(), LARGEST_ANSWER).await {
        Ok(body) => api.settle(&id, Report::Answer(body)),
        Err(_) => {
            api.settle(&id, Report::AnswerTooLarge);
            refusal(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLarge",
                "An answer must not be larger than 6 MB",
            )
        }
    }
}

async fn error(State(api): State<Arc<RuntimeApi>>, Path(id): Path<String>, body: Bytes) -> Response {
    api.settle(&id, Report::Error(body))
}

async fn init_error(State(api): State<Arc<RuntimeApi>>, body: Bytes) -> Response {
    *lock(&api.init_error) = Some(body);
    accepted()
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, r#"{"status":"OK"}"#).into_response()
}

fn refusal(status: StatusCode, kind: &str, message: &str) -> Response {
    let body = json!({"errorType": kind, "errorMessage": message}).to_string();
    (status, Body::from(body)).into_response()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // An optional value is still valid after a panic in another thread.
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
