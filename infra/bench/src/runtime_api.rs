//! Lambda's Runtime API for one process: gives it events one by one and receives the answers.

use crate::loopback;
use anyhow::{Context, Result};
use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
    serve::Listener,
};
use chrono::TimeDelta;
use runtime::context::{Clock, SystemClock};
use serde_json::Value;
use std::sync::Arc;
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    task::JoinHandle,
};

pub struct RuntimeApi {
    /// Host and port.
    pub address: String,
    events: mpsc::Sender<String>,
    answers: mpsc::Receiver<Answer>,
    server: JoinHandle<()>,
}

/// A function's answer. The function gets the acknowledgement when this is dropped.
pub struct Answer {
    pub body: String,
    /// False if the function failed, refused the request, or reported a failed record.
    pub is_good: bool,
    _acknowledge: oneshot::Sender<()>,
}

#[derive(Clone)]
struct Exchange {
    events: Arc<Mutex<mpsc::Receiver<String>>>,
    answers: mpsc::Sender<Answer>,
}

impl RuntimeApi {
    pub async fn serve() -> Result<Self> {
        let (events, next_events) = mpsc::channel(1);
        let (sent_answers, answers) = mpsc::channel(1);
        let exchange = Exchange {
            events: Arc::new(Mutex::new(next_events)),
            answers: sent_answers,
        };
        let app = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/{outcome}", post(answered))
            .route("/2018-06-01/runtime/init/error", post(not_started))
            .with_state(exchange);
        let listener = loopback::listen().await?;
        let address = listener.local_addr()?.to_string();
        let server = tokio::spawn(async move {
            // It ends with the process it serves.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self {
            address,
            events,
            answers,
            server,
        })
    }

    pub async fn invoke(&mut self, event: String) -> Result<Answer> {
        self.events
            .send(event)
            .await
            .context("the function's Runtime API has ended")?;
        self.answers
            .recv()
            .await
            .context("the function's Runtime API has ended")
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(exchange): State<Exchange>) -> Response {
    let Some(event) = exchange.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let deadline = SystemClock.now().plus(TimeDelta::seconds(30));
    let headers = [
        ("content-type", "application/json".to_owned()),
        (
            "lambda-runtime-aws-request-id",
            "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned(),
        ),
        ("lambda-runtime-deadline-ms", deadline.millis().to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:000000000000:function:bench".to_owned(),
        ),
        (
            "lambda-runtime-trace-id",
            "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0".to_owned(),
        ),
    ];
    (headers, event).into_response()
}

async fn answered(
    State(exchange): State<Exchange>,
    Path((_, outcome)): Path<(String, String)>,
    body: String,
) -> StatusCode {
    let is_good = outcome == "response" && is_success(&body);
    exchange.receive(body, is_good).await
}

async fn not_started(State(exchange): State<Exchange>, body: String) -> StatusCode {
    exchange.receive(body, false).await
}

impl Exchange {
    async fn receive(&self, body: String, is_good: bool) -> StatusCode {
        let (acknowledge, acknowledged) = oneshot::channel();
        let answer = Answer {
            body,
            is_good,
            _acknowledge: acknowledge,
        };
        if self.answers.send(answer).await.is_ok() {
            // The sender is only ever dropped, so this always ends with an error.
            let _ = acknowledged.await;
        }
        StatusCode::ACCEPTED
    }
}

/// Whether an answer is no refusal, no denial of an API key, and reports no failed record.
fn is_success(body: &str) -> bool {
    let Ok(body) = serde_json::from_str::<Value>(body) else {
        return false;
    };
    let is_refusal = body["statusCode"].as_u64().is_some_and(|status| status >= 300);
    let inner = body["body"]
        .as_str()
        .and_then(|text| serde_json::from_str::<Value>(text).ok());
    let is_denied = body["isAuthorized"] == false || inner.is_some_and(|answer| answer["valid"] == false);
    let failed = body["batchItemFailures"]
        .as_array()
        .is_some_and(|failures| !failures.is_empty());
    !is_refusal && !is_denied && !failed
}
