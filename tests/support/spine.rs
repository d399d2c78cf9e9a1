//! The spine in process: the table's stream, the real trigger and the real tasks, with a bus and a queue that fail on request.

use super::{World, functions, recorder::record, tasks};
use aws_lambda_events::{dynamodb::Event as StreamEvent, sqs::SqsEvent};
use aws_sdk_eventbridge::{
    Client,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig},
};
use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use dynoxide::actions::{
    describe_stream::DescribeStreamRequest, get_records::GetRecordsRequest,
    get_shard_iterator::GetShardIteratorRequest, list_streams::ListStreamsRequest,
};
use runtime::{
    Function,
    context::{Bus, Queue},
    function::TaskFunction,
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// An event bus that keeps the events it accepts, and the queue to which tasks send messages.
#[derive(Clone)]
pub struct Spine {
    state: Arc<Mutex<BusState>>,
    url: String,
    /// How many records of the stream the trigger has processed.
    position: Arc<Mutex<usize>>,
}

#[derive(Default)]
struct BusState {
    events: Vec<Value>,
    /// How many of the next entries the bus refuses.
    entries_to_refuse: usize,
    down: bool,
    /// The customer whose events the bus refuses every time.
    refused_customer: Option<String>,
    received_entries: usize,
    /// The messages that tasks sent to themselves.
    sent: Vec<Value>,
    /// How many of the next sends fail.
    sends_to_fail: usize,
}

impl Spine {
    pub async fn start() -> Self {
        let state = Arc::new(Mutex::new(BusState::default()));
        let app = Router::new()
            .route("/", post(put_events))
            .route("/queue/", post(send_message))
            .with_state(state.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self {
            state,
            url,
            position: Arc::default(),
        }
    }

    pub fn bus(&self) -> Bus {
        Bus {
            client: Client::from_conf(
                aws_sdk_eventbridge::Config::builder()
                    .behavior_version(BehaviorVersion::v2026_01_12())
                    .region(Region::new("us-east-1"))
                    .endpoint_url(&self.url)
                    .credentials_provider(Credentials::for_tests())
                    // The trigger retries by itself; the SDK's pauses would only make a test slow.
                    .retry_config(RetryConfig::disabled())
                    .http_client(aws_smithy_http_client::Builder::new().build_http())
                    .build(),
            ),
            name: "customer-service".into(),
        }
    }

    /// The queue that every task sends to. Tests deliver to one task at a time, so the tasks can share it.
    pub fn queue(&self) -> Queue {
        Queue {
            client: aws_sdk_sqs::Client::from_conf(
                aws_sdk_sqs::Config::builder()
                    .behavior_version(aws_sdk_sqs::config::BehaviorVersion::v2026_01_12())
                    .region(aws_sdk_sqs::config::Region::new("us-east-1"))
                    .endpoint_url(format!("{}/queue/", self.url))
                    .credentials_provider(Credentials::for_tests())
                    .retry_config(RetryConfig::disabled())
                    .http_client(aws_smithy_http_client::Builder::new().build_http())
                    .build(),
            ),
            url: format!("{}/queue/", self.url),
        }
    }

    /// Takes the bodies of the messages that tasks sent since the last call.
    pub fn take_sent(&self) -> Vec<Value> {
        std::mem::take(&mut self.state.lock().unwrap().sent)
    }

    /// Makes this many of the next sends fail, like a task that is killed before it sends.
    pub fn fail_sends(&self, sends: usize) {
        self.state.lock().unwrap().sends_to_fail = sends;
    }

    /// Makes the bus refuse this many of the next entries.
    pub fn refuse_entries(&self, entries: usize) {
        self.state.lock().unwrap().entries_to_refuse = entries;
    }

    /// Makes the bus refuse every event of this customer, or of none.
    pub fn refuse_customer(&self, customer: Option<&str>) {
        self.state.lock().unwrap().refused_customer = customer.map(str::to_owned);
    }

    /// Makes every call of the bus fail, or lets it work again.
    pub fn set_down(&self, down: bool) {
        self.state.lock().unwrap().down = down;
    }

    /// How many entries the bus has received, accepted or refused.
    pub fn received_entries(&self) -> usize {
        self.state.lock().unwrap().received_entries
    }

    /// Takes the events that the bus accepted since the last call.
    pub fn take(&self) -> Vec<Value> {
        std::mem::take(&mut self.state.lock().unwrap().events)
    }
}

pub fn of_type(events: &[Value], name: &str) -> Vec<Value> {
    events.iter().filter(|event| event["type"] == name).cloned().collect()
}

async fn send_message(State(state): State<Arc<Mutex<BusState>>>, body: String) -> Result<Json<Value>, StatusCode> {
    let body: Value = serde_json::from_str(&body).unwrap();
    let mut state = state.lock().unwrap();
    if state.sends_to_fail > 0 {
        state.sends_to_fail -= 1;
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    // A string, as a task receives it.
    state.sent.push(body["MessageBody"].clone());
    Ok(Json(json!({"MessageId": "sent"})))
}

async fn put_events(State(state): State<Arc<Mutex<BusState>>>, body: String) -> Result<Json<Value>, StatusCode> {
    let body: Value = serde_json::from_str(&body).unwrap();
    let mut state = state.lock().unwrap();
    if state.down {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let entries = body["Entries"].as_array().unwrap();
    assert!(entries.len() <= 10, "PutEvents takes ten entries");
    state.received_entries += entries.len();
    let mut results = Vec::new();
    let mut failed = 0;
    for entry in entries {
        let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
        let is_refused =
            state.refused_customer.is_some() && detail["customerKey"].as_str() == state.refused_customer.as_deref();
        if state.entries_to_refuse > 0 || is_refused {
            state.entries_to_refuse = state.entries_to_refuse.saturating_sub(1);
            failed += 1;
            results.push(json!({"ErrorCode": "InternalFailure", "ErrorMessage": "refused by the test"}));
        } else {
            assert_eq!(entry["DetailType"], detail["type"]);
            results.push(json!({"EventId": detail["id"]}));
            state.events.push(detail);
        }
    }
    Ok(Json(json!({"FailedEntryCount": failed, "Entries": results})))
}

impl World {
    /// The records of the stream from this position on, as the trigger receives them.
    pub fn stream_records(&self, from: usize) -> Vec<Value> {
        let streams: ListStreamsRequest = serde_json::from_value(json!({})).unwrap();
        let streams = serde_json::to_value(self.database.list_streams(streams).unwrap()).unwrap();
        let arn = &streams["Streams"][0]["StreamArn"];
        let describe: DescribeStreamRequest = serde_json::from_value(json!({"StreamArn": arn})).unwrap();
        let described = serde_json::to_value(self.database.describe_stream(describe).unwrap()).unwrap();
        let shard = &described["StreamDescription"]["Shards"][0]["ShardId"];
        let from_start = json!({"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"});
        let request: GetShardIteratorRequest = serde_json::from_value(from_start).unwrap();
        let iterator = serde_json::to_value(self.database.get_shard_iterator(request).unwrap()).unwrap();
        let mut iterator = iterator["ShardIterator"].clone();
        let mut records = Vec::new();
        loop {
            let request: GetRecordsRequest =
                serde_json::from_value(json!({"ShardIterator": iterator, "Limit": 1000})).unwrap();
            let got = serde_json::to_value(self.database.get_records(request).unwrap()).unwrap();
            let batch = got["Records"].as_array().unwrap();
            if batch.is_empty() {
                break;
            }
            records.extend(batch.iter().cloned());
            iterator = got["NextShardIterator"].clone();
        }
        records.into_iter().skip(from).collect()
    }

    /// Runs the trigger on the new records of the stream. Returns the sequence number that it reports as failed, if any.
    pub async fn run_trigger(&self) -> Option<String> {
        self.run_trigger_recorded().await.0
    }

    /// Like `run_trigger`, and also returns the trigger's requests to the table.
    pub async fn run_trigger_recorded(&self) -> (Option<String>, Vec<String>) {
        let from = *self.spine.position.lock().unwrap();
        let records = self.stream_records(from);
        let (failed, requests) = self.trigger_on_recorded(&records).await;
        let processed = match &failed {
            Some(number) => records
                .iter()
                .position(|r| r["dynamodb"]["SequenceNumber"] == json!(number))
                .unwrap(),
            None => records.len(),
        };
        *self.spine.position.lock().unwrap() += processed;
        (failed, requests)
    }

    /// Runs the trigger on these records. Returns the sequence number that it reports as failed, if any.
    pub async fn trigger_on(&self, records: &[Value]) -> Option<String> {
        self.trigger_on_recorded(records).await.0
    }

    async fn trigger_on_recorded(&self, records: &[Value]) -> (Option<String>, Vec<String>) {
        let event: StreamEvent = serde_json::from_value(json!({"Records": records})).unwrap();
        let trigger = functions()
            .into_iter()
            .find_map(|function| match function {
                Function::Trigger(trigger) => Some(trigger),
                _ => None,
            })
            .unwrap();
        let (response, recording) = record((trigger.call)(&self.ctx, event)).await;
        recording.check_granted(&Function::Trigger(trigger));
        let failed = response.batch_item_failures.first();
        let failed = failed.map(|failure| failure.item_identifier.clone().unwrap());
        (failed, recording.requests)
    }

    /// Runs a standalone function. Returns its answer and its requests to the table.
    pub async fn run_standalone(&self, name: &str, event: Value) -> (Option<Value>, Vec<String>) {
        let function = functions().into_iter().find(|function| function.name() == name);
        let Some(Function::Standalone(standalone)) = function else {
            panic!("{name} is not a standalone function")
        };
        let (answer, recording) = record((standalone.call)(&self.ctx, event, "invocation".into())).await;
        recording.check_granted(&Function::Standalone(standalone));
        (answer, recording.requests)
    }

    /// Delivers events to a task as one batch. Returns the indices of the messages that failed.
    pub async fn deliver(&self, task: &TaskFunction, events: &[Value]) -> Vec<usize> {
        self.deliver_recorded(task, events).await.0
    }

    /// Like `deliver`, and also returns the task's requests to the table.
    pub async fn deliver_recorded(&self, task: &TaskFunction, events: &[Value]) -> (Vec<usize>, Vec<String>) {
        let records: Vec<Value> = events
            .iter()
            .enumerate()
            .map(|(index, event)| {
                json!({
                    "messageId": index.to_string(), "receiptHandle": "r", "eventSource": "aws:sqs", "awsRegion": "us-east-1",
                    "body": if event.is_string() { event.clone() } else { json!(json!({"detail": event}).to_string()) },
                    "attributes": {}, "messageAttributes": {},
                })
            })
            .collect();
        let batch: SqsEvent = serde_json::from_value(json!({"Records": records})).unwrap();
        let (response, recording) = record((task.call)(&self.ctx, batch)).await;
        recording.check_granted(&Function::Task(*task));
        let failures = response.batch_item_failures.iter();
        let failed = failures.map(|failure| failure.item_identifier.parse().unwrap());
        (failed.collect(), recording.requests)
    }

    /// Delivers events to a task, then the failed messages and those that it sent to itself, until none is left. Returns the number of
    /// deliveries.
    pub async fn deliver_until_done(&self, task: &TaskFunction, events: Vec<Value>) -> usize {
        let mut waiting = events;
        let mut deliveries = 0;
        while !waiting.is_empty() {
            let failed = self.deliver(task, &waiting).await;
            let mut next: Vec<Value> = failed.into_iter().map(|index| waiting[index].clone()).collect();
            next.extend(self.spine.take_sent());
            waiting = next;
            deliveries += 1;
            assert!(deliveries < 10_000, "{} never ends", task.spec.name);
        }
        deliveries
    }

    /// Runs the trigger and the tasks until there are no new records. Returns all events that the bus accepted.
    pub async fn settle(&self) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            assert_eq!(self.run_trigger().await, None);
            let events = self.spine.take();
            if events.is_empty() {
                return all;
            }
            for task in tasks() {
                let names: Vec<&str> = task.spec.on.iter().map(|on| on.name()).collect();
                let wanted: Vec<Value> = events
                    .iter()
                    .filter(|event| names.contains(&event["type"].as_str().unwrap()))
                    .cloned()
                    .collect();
                self.deliver_until_done(&task, wanted).await;
            }
            all.extend(events);
        }
    }
}
