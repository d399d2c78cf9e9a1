//! From a queue to a function: receives a batch when the function is free, and deletes it when the function has processed it.
//! Failed messages are received again after the queue's visibility timeout.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::batch::{Reported, error_message, is_selected, reported_failures};
use super::services::Services;
use crate::arn;
use crate::eventbridge::pattern::Pattern;
use crate::lambda::{Outcome, Slot, Trace};
use crate::plan::{Mapping, Queue, REGION};
use crate::sqs::{self, Message};
use crate::wire;

/// The pause after an error of the local cloud itself, such as a full disk.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);

pub struct QueueMapping {
    services: Services,
    function: String,
    queue: String,
    batch_size: u32,
    window: Duration,
    reports_item_failures: bool,
    filters: Vec<Pattern>,
    concurrency: Arc<Semaphore>,
}

impl QueueMapping {
    pub fn new(
        services: &Services,
        mapping: &Mapping,
        queue: &Queue,
        max_concurrency: Option<u32>,
        filters: Vec<Pattern>,
    ) -> Self {
        let concurrency = max_concurrency.map_or(Semaphore::MAX_PERMITS, |limit| limit as usize);
        Self {
            services: services.clone(),
            function: mapping.function.clone(),
            queue: queue.name.clone(),
            batch_size: mapping.batch_size,
            window: Duration::from_secs(mapping.window.into()),
            reports_item_failures: mapping.reports_item_failures,
            filters,
            concurrency: Arc::new(Semaphore::new(concurrency)),
        }
    }

    /// Runs until the function is stopped.
    pub async fn run(self) {
        let mapping = Arc::new(self);
        // Invocations end with the mapping. Their messages then count as never received.
        let mut invocations = JoinSet::new();
        loop {
            mapping.services.sqs.changed(&mapping.queue).await;
            // A slot first: no message is received while the function is busy.
            let Ok(permit) = mapping.concurrency.clone().acquire_owned().await else {
                return;
            };
            let Some(slot) = mapping.services.lambda.slot(&mapping.function).await else {
                return;
            };
            match mapping.gather().await {
                Ok(messages) if messages.is_empty() => {}
                Ok(messages) => {
                    let mapping = mapping.clone();
                    invocations.spawn(async move { mapping.process(slot, permit, messages).await });
                }
                Err(error) => {
                    wire::log(&error.into());
                    tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                }
            }
            while invocations.try_join_next().is_some() {}
        }
    }

    /// A batch: the messages that are receivable, and those that become so within the batching window.
    async fn gather(&self) -> Result<Vec<Message>, sqs::SqsError> {
        let sqs = &self.services.sqs;
        let mut messages = sqs.receive_for_mapping(&self.queue, self.batch_size)?;
        let deadline = Instant::now() + self.window;
        while !self.window.is_zero() && !messages.is_empty() && messages.len() < self.batch_size as usize {
            let more = tokio::time::timeout_at(deadline, sqs.changed(&self.queue));
            if more.await.is_err() {
                break;
            }
            messages.extend(sqs.receive_for_mapping(&self.queue, self.batch_size - messages.len() as u32)?);
        }
        Ok(messages)
    }

    async fn process(&self, slot: Slot, _permit: OwnedSemaphorePermit, messages: Vec<Message>) {
        let (selected, mut done): (Vec<Message>, Vec<Message>) = messages
            .into_iter()
            .partition(|message| is_selected(&self.filters, &filterable(message)));
        let (looping, selected): (Vec<Message>, Vec<Message>) = selected
            .into_iter()
            .partition(|message| self.services.lambda.stops(&self.function, &trace(message)));
        if !looping.is_empty() {
            self.report(&format!(
                "stopped a recursive loop: {} messages of {} would invoke it for the 17th time in a chain of requests;                  without `RecursiveLoop: Allow`, Lambda drops such an invocation",
                looping.len(),
                self.queue
            ));
            self.record_failures(&looping);
        }
        if !selected.is_empty() {
            let records: Vec<Value> = selected.iter().map(|message| self.record(message)).collect();
            let outcome = slot
                .invoke(
                    json!({"Records": records}).to_string().into(),
                    &self.longest_chain(&selected),
                )
                .await;
            let (failed, succeeded) = self.split(outcome, selected);
            done.extend(succeeded);
            self.record_failures(&failed);
        }
        if let Err(error) = self.services.sqs.delete(&self.queue, &handles(&done)) {
            // The messages are received again: queues deliver at least once.
            wire::log(&error.into());
        }
    }

    /// The chain of requests that a batch continues. AWS does not document it for messages of several chains; the longest one makes sure
    /// that no loop escapes.
    fn longest_chain(&self, messages: &[Message]) -> Trace {
        let chains = messages.iter().map(trace);
        let longest = chains.max_by_key(|trace| trace.invocations(&self.function));
        longest.unwrap_or_else(|| Trace::of(None))
    }

    /// The messages that failed, and those that the function has processed.
    fn split(&self, outcome: Outcome, messages: Vec<Message>) -> (Vec<Message>, Vec<Message>) {
        let count = messages.len();
        let reason = match outcome {
            Outcome::Answered(_) if !self.reports_item_failures => return (Vec::new(), messages),
            Outcome::Answered(answer) => match reported_failures(&answer) {
                Reported::Nothing => return (Vec::new(), messages),
                Reported::Items(ids) => {
                    let ids: HashSet<String> = ids.into_iter().collect();
                    if ids.iter().all(|id| messages.iter().any(|message| message.id == *id)) {
                        self.report(&format!("{} of {count} messages of {} failed", ids.len(), self.queue));
                        return messages.into_iter().partition(|message| ids.contains(&message.id));
                    }
                    "its answer lists messages that were not in the batch".to_owned()
                }
                Reported::Everything => "its answer is not a list of failures".to_owned(),
            },
            Outcome::Failed(error) => error_message(&error),
            Outcome::Throttled => "throttled".to_owned(),
        };
        self.report(&format!("a batch of {count} from {} failed: {reason}", self.queue));
        (messages, Vec::new())
    }

    fn record_failures(&self, failed: &[Message]) {
        if failed.is_empty() {
            return;
        }
        if let Err(error) = self.services.sqs.failed_for_mapping(&self.queue, &handles(failed)) {
            wire::log(&error.into());
        }
    }

    fn report(&self, message: &str) {
        self.services.lambda.report(&self.function, message);
    }

    fn record(&self, message: &Message) -> Value {
        let mut attributes = json!({
            "ApproximateReceiveCount": message.receive_count.to_string(),
            "SentTimestamp": message.sent_ms.to_string(),
            "SenderId": message.sender,
            "ApproximateFirstReceiveTimestamp": message.first_received_ms.to_string(),
        });
        if let Some(source) = &message.dead_letter_source_arn {
            attributes["DeadLetterQueueSourceArn"] = source.as_str().into();
        }
        if let Some(trace) = &message.trace {
            attributes["AWSTraceHeader"] = trace.as_str().into();
        }
        json!({
            "messageId": message.id,
            "receiptHandle": message.receipt_handle,
            "body": message.body,
            "attributes": attributes,
            "messageAttributes": message.message_attributes(),
            "md5OfBody": message.md5,
            "eventSource": "aws:sqs",
            "eventSourceARN": arn::queue(&self.queue),
            "awsRegion": REGION,
        })
    }
}

/// The form of a message to which filters apply: they see the body as JSON if it is JSON.
fn filterable(message: &Message) -> Value {
    let body = serde_json::from_str(&message.body).unwrap_or_else(|_| Value::from(message.body.as_str()));
    json!({"messageId": message.id, "body": body, "messageAttributes": message.message_attributes()})
}

/// The chain of requests that led to a message.
fn trace(message: &Message) -> Trace {
    Trace::of(message.trace.as_deref())
}

fn handles(messages: &[Message]) -> Vec<String> {
    messages.iter().map(|message| message.receipt_handle.clone()).collect()
}
