//! The way from the table's stream to the tasks, in process: the real trigger and the real tasks, with a bus that can be told to fail.

use super::{Seen, World, functions, recorder::watch};
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

/// An event bus that keeps what it is given.
#[derive(Clone)]
pub struct Spine {
    state: Arc<Mutex<BusState>>,
    url: String,
    read: Arc<Mutex<usize>>,
}

#[derive(Default)]
struct BusState {
    events: Vec<Value>,
    /// How many of the entries offered next are refused.
    refuse: usize,
    down: bool,
    /// Whose events are refused, each time.
    barred: Option<String>,
    offered: usize,
    /// What tasks sent themselves.
    sent: Vec<Value>,
    /// How many sends fail next.
    fail_sends: usize,
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
            read: Arc::default(),
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
                    // The trigger tries again by itself; the SDK's pauses would only make a test slow.
                    .retry_config(RetryConfig::disabled())
                    .http_client(aws_smithy_http_client::Builder::new().build_http())
                    .build(),
            ),
            name: "customer-service".into(),
        }
    }

    /// The queue that each task thinks its own: tests deliver to one task at a time.
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

    /// What was sent since this was last asked, as message bodies.
    pub fn take_sent(&self) -> Vec<Value> {
        std::mem::take(&mut self.state.lock().unwrap().sent)
    }

    /// The next sends fail, as if the function were killed before them.
    pub fn fail_sends(&self, sends: usize) {
        self.state.lock().unwrap().fail_sends = sends;
    }

    /// The bus refuses this many of the entries that it is offered next.
    pub fn refuse(&self, entries: usize) {
        self.state.lock().unwrap().refuse = entries;
    }

    /// The bus refuses every event of this customer's.
    pub fn refuse_of_customer(&self, customer: &str) {
        self.state.lock().unwrap().barred = Some(customer.into());
    }

    pub fn refuse_nobody(&self) {
        self.state.lock().unwrap().barred = None;
    }

    /// Whether the bus answers at all.
    pub fn down(&self, down: bool) {
        self.state.lock().unwrap().down = down;
    }

    /// How many entries the bus was offered, taken or not.
    pub fn offered(&self) -> usize {
        self.state.lock().unwrap().offered
    }

    /// What came over the bus since it was last asked.
    pub fn take(&self) -> Vec<Value> {
        std::mem::take(&mut self.state.lock().unwrap().events)
    }
}

async fn send_message(State(state): State<Arc<Mutex<BusState>>>, body: String) -> Result<Json<Value>, StatusCode> {
    let body: Value = serde_json::from_str(&body).unwrap();
    let mut state = state.lock().unwrap();
    if state.fail_sends > 0 {
        state.fail_sends -= 1;
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    // As text, as a task gets it.
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
    state.offered += entries.len();
    let mut results = Vec::new();
    let mut failed = 0;
    for entry in entries {
        let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
        let barred = state.barred.is_some() && detail["customerKey"].as_str() == state.barred.as_deref();
        if state.refuse > 0 || barred {
            state.refuse = state.refuse.saturating_sub(1);
            failed += 1;
            results.push(json!({"ErrorCode": "InternalFailure", "ErrorMessage": "told to"}));
        } else {
            assert_eq!(entry["DetailType"], detail["type"]);
            results.push(json!({"EventId": detail["id"]}));
            state.events.push(detail);
        }
    }
    Ok(Json(json!({"FailedEntryCount": failed, "Entries": results})))
}

pub fn tasks() -> Vec<TaskFunction> {
    functions()
        .into_iter()
        .filter_map(|function| match function {
            Function::Task(task) => Some(task),
            _ => None,
        })
        .collect()
}

impl World {
    /// The stream's records from a place on, as the trigger gets them.
    pub fn stream(&self, from: usize) -> Vec<Value> {
        let parse = |value: Value| serde_json::from_value(value).unwrap();
        let streams: ListStreamsRequest = serde_json::from_value(json!({})).unwrap();
        let streams = serde_json::to_value(self.database.list_streams(streams).unwrap()).unwrap();
        let arn = &streams["Streams"][0]["StreamArn"];
        let describe: DescribeStreamRequest = serde_json::from_value(json!({"StreamArn": arn})).unwrap();
        let described = serde_json::to_value(self.database.describe_stream(describe).unwrap()).unwrap();
        let shard = &described["StreamDescription"]["Shards"][0]["ShardId"];
        let ask: GetShardIteratorRequest =
            parse(json!({"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}));
        let iterator = serde_json::to_value(self.database.get_shard_iterator(ask).unwrap()).unwrap();
        let mut iterator = iterator["ShardIterator"].clone();
        let mut records = Vec::new();
        loop {
            let ask: GetRecordsRequest =
                serde_json::from_value(json!({"ShardIterator": iterator, "Limit": 1000})).unwrap();
            let got = serde_json::to_value(self.database.get_records(ask).unwrap()).unwrap();
            let batch = got["Records"].as_array().unwrap();
            if batch.is_empty() {
                break;
            }
            records.extend(batch.iter().cloned());
            iterator = got["NextShardIterator"].clone();
        }
        records.into_iter().skip(from).collect()
    }

    /// Runs the trigger over what the stream has new; the sequence number it reports as failed, if any.
    pub async fn run_trigger(&self) -> Option<String> {
        let from = *self.spine.read.lock().unwrap();
        let records = self.stream(from);
        let failed = self.trigger_on(&records).await;
        let through = match &failed {
            Some(number) => records
                .iter()
                .position(|r| r["dynamodb"]["SequenceNumber"] == json!(number))
                .unwrap(),
            None => records.len(),
        };
        *self.spine.read.lock().unwrap() += through;
        failed
    }

    /// The trigger, on these records.
    pub async fn trigger_on(&self, records: &[Value]) -> Option<String> {
        let event: StreamEvent = serde_json::from_value(json!({"Records": records})).unwrap();
        let trigger = functions()
            .into_iter()
            .find_map(|function| match function {
                Function::Trigger(trigger) => Some(trigger),
                _ => None,
            })
            .unwrap();
        let (response, seen) = watch((trigger.call)(&self.ctx, event)).await;
        seen.check(&Function::Trigger(trigger));
        response
            .batch_item_failures
            .first()
            .map(|failure| failure.item_identifier.clone().unwrap())
    }

    /// Runs a function that neither the API, the stream nor a queue starts; its answer, and what it asked of the table.
    pub async fn run(&self, name: &str, event: Value) -> (Option<Value>, Seen) {
        let function = functions().into_iter().find(|function| function.name() == name);
        let Some(Function::Standalone(standalone)) = function else {
            panic!("{name} is no such function")
        };
        let (answer, seen) = watch((standalone.call)(&self.ctx, event, "invocation".into())).await;
        seen.check(&Function::Standalone(standalone));
        (answer, seen)
    }

    /// Delivers events to a task as one batch; the indices of those it wants again.
    pub async fn deliver(&self, task: &TaskFunction, events: &[Value]) -> Vec<usize> {
        self.deliver_seen(task, events).await.0
    }

    /// As `deliver`; with what the task asked of the table.
    pub async fn deliver_seen(&self, task: &TaskFunction, events: &[Value]) -> (Vec<usize>, Seen) {
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
        let (response, seen) = watch((task.call)(&self.ctx, batch)).await;
        seen.check(&Function::Task(*task));
        let failures = response.batch_item_failures.iter();
        let again = failures.map(|failure| failure.item_identifier.parse().unwrap());
        (again.collect(), seen)
    }

    /// Delivers events to a task, and then what it sends itself, until there is nothing left; how many deliveries that took.
    pub async fn work_off(&self, task: &TaskFunction, events: Vec<Value>) -> usize {
        let mut waiting = events;
        let mut deliveries = 0;
        while !waiting.is_empty() {
            let again = self.deliver(task, &waiting).await;
            let mut next: Vec<Value> = again.into_iter().map(|index| waiting[index].clone()).collect();
            next.extend(self.spine.take_sent());
            waiting = next;
            deliveries += 1;
            assert!(deliveries < 10_000, "{} never ends", task.spec.name);
        }
        deliveries
    }

    /// Runs trigger and tasks until nothing moves any more; everything that came over the bus.
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
                self.work_off(&task, wanted).await;
            }
            all.extend(events);
        }
    }
}
