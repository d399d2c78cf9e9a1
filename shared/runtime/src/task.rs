//! A task: handles one event from the task's own queue. The adapter handles batches, failures and panics.

use crate::{Context, spec::ObjectGrant};
use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use domain::{
    Error, Owner, Result, Tenant,
    access::Actor,
    defect_of,
    key::{Key, Kind},
};
use events::{Event, EventType};
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use std::{convert::Infallible, future::Future, panic::AssertUnwindSafe};
use table::{Change, Operation, Step, cascades::MOST_STEPS};

#[derive(Clone, Copy, Debug)]
pub struct TaskSpec {
    /// The name of the function and of its queue.
    pub name: &'static str,
    pub summary: &'static str,
    /// The event types that it handles.
    pub on: &'static [EventType],
    /// An EventBridge pattern for `detail` that selects some of these events.
    pub about: Option<&'static str>,
    pub operations: &'static [Operation],
    /// Its permissions on the logo bucket.
    pub objects: &'static [ObjectGrant],
    /// Whether it works in pages: after a page it sends a message with the next position to its own queue. Set from `Task::Cursor`.
    pub pages: bool,
}

impl TaskSpec {
    pub const fn new(name: &'static str, summary: &'static str, on: &'static [EventType]) -> Self {
        Self {
            name,
            summary,
            on,
            about: None,
            operations: &[],
            objects: &[],
            pages: false,
        }
    }

    pub const fn about(mut self, pattern: &'static str) -> Self {
        self.about = Some(pattern);
        self
    }

    pub const fn performs(mut self, operations: &'static [Operation]) -> Self {
        self.operations = operations;
        self
    }

    pub const fn objects(mut self, objects: &'static [ObjectGrant]) -> Self {
        self.objects = objects;
        self
    }
}

/// The input of a task.
pub struct Job {
    pub event: Event,
    /// The tenant that the event belongs to.
    pub tenant: Tenant,
    /// The position of this page; `None` on the first.
    pub cursor: Option<String>,
    /// Records the task as the actor, with the id of the request that caused the event.
    pub change: Change,
}

/// The type of a task's cursor. `String`: the task works in pages. `Infallible`: it has no next page, so it can't return `Outcome::More`.
pub trait Cursor: Send + 'static {
    /// Whether the task works in pages. It then gets a queue to send to, and Lambda may run it in a loop.
    const PAGES: bool;

    fn into_text(self) -> String;
}

impl Cursor for String {
    const PAGES: bool = true;

    fn into_text(self) -> String {
        self
    }
}

impl Cursor for Infallible {
    const PAGES: bool = false;

    fn into_text(self) -> String {
        match self {}
    }
}

#[derive(Debug, PartialEq, Eq)]
pub enum Outcome<C = Infallible> {
    Done,
    /// There was nothing to do, for this reason.
    Skipped(&'static str),
    /// A page is done; the next one starts at this position.
    More(C),
}

impl<C> From<Step<C>> for Outcome<C> {
    fn from(step: Step<C>) -> Self {
        match step {
            Step::Done => Self::Done,
            Step::Nothing(reason) => Self::Skipped(reason),
            Step::More(cursor) => Self::More(cursor),
        }
    }
}

impl Job {
    /// The key of the event's entity.
    pub fn key<K: Kind>(&self) -> Result<Key<K>> {
        let key = self.event.entity.key.parse();
        key.map_err(|_| Error::invalid("entity.key", format!("is not a key of a {}", K::KIND.name)))
    }

    /// The client that the event belongs to, or else the customer.
    pub fn owner(&self) -> Owner {
        match self.event.client_key {
            Some(client) => self.tenant.client(client),
            None => self.tenant.itself(),
        }
    }
}

pub trait Task: 'static {
    const SPEC: TaskSpec;
    /// `String` if it works in pages, or else `Infallible`.
    type Cursor: Cursor;

    /// Handles one event, or one page of its work. The kind of an error decides whether SQS delivers the message again.
    fn run(ctx: &Context, job: Job) -> impl Future<Output = Result<Outcome<Self::Cursor>>> + Send;
}

/// The message: the parts of EventBridge's envelope that a task reads.
#[derive(Deserialize, Serialize)]
struct Envelope {
    detail: Event,
    /// Only in messages that a task sends to itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    cursor: Option<String>,
    /// How many pages were done before. Limits a chain of messages that a fault would make endless.
    #[serde(default)]
    pages: u32,
}

/// Handles a batch. Reports each failed message by itself, so that the others are not delivered again.
pub(crate) async fn work<T: Task>(ctx: &Context, batch: SqsEvent) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    for message in batch.records {
        let id = message.message_id.clone().unwrap_or_default();
        let handled = AssertUnwindSafe(handle::<T>(ctx, &message)).catch_unwind().await;
        let is_to_retry = handled.unwrap_or_else(|_| {
            tracing::error!(message_id = id, "the task panicked");
            true
        });
        if is_to_retry {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            response.batch_item_failures.push(failure);
        }
    }
    response
}

/// Handles one message. Returns whether SQS is to deliver it again.
async fn handle<T: Task>(ctx: &Context, message: &SqsMessage) -> bool {
    let id = message.message_id.as_deref().unwrap_or_default();
    let body = message.body.as_deref().unwrap_or_default();
    let envelope: Envelope = match serde_json::from_str(body) {
        Ok(envelope) => envelope,
        Err(error) => {
            let defect = defect_of(&error);
            tracing::error!(message_id = id, defect, "the message is not an event; dropped");
            return false;
        }
    };
    if let Err(reason) = check(&T::SPEC, &envelope.detail) {
        tracing::error!(message_id = id, reason, "the event is refused; dropped");
        return false;
    }
    let request_id = envelope.detail.request_id.clone();
    match run::<T>(ctx, envelope).await {
        Ok(Outcome::Done) => {
            tracing::info!(request_id, message_id = id, "done");
            false
        }
        Ok(Outcome::Skipped(reason)) => {
            tracing::info!(request_id, message_id = id, reason, "skipped");
            false
        }
        Ok(Outcome::More(cursor)) => {
            tracing::info!(request_id, message_id = id, cursor, "page done, next page queued");
            false
        }
        Err(error) if is_retryable(&error) => {
            tracing::warn!(request_id, message_id = id, cause = %error, "failed, will be retried");
            true
        }
        Err(error) => {
            tracing::error!(request_id, message_id = id, cause = %error, "failed permanently; dropped");
            false
        }
    }
}

/// Refuses an event that is not for this task or whose parts do not belong together. The queue is no proof: the task reads whether the
/// event's cause is true before it deletes or ends something.
fn check(spec: &TaskSpec, event: &Event) -> Result<(), &'static str> {
    match spec.on.contains(&event.r#type) {
        true => event.check(),
        false => Err("the task does not handle events of this type"),
    }
}

/// Runs the task. If there is more to do, it queues the next page before this message counts as done. If the process dies in between, the
/// page is repeated, which changes nothing.
async fn run<T: Task>(ctx: &Context, envelope: Envelope) -> Result<Outcome<String>> {
    let Envelope {
        detail: event,
        cursor,
        pages,
    } = envelope;
    match T::run(ctx, job(ctx, T::SPEC.name, event.clone(), cursor)).await? {
        Outcome::Done => Ok(Outcome::Done),
        Outcome::Skipped(reason) => Ok(Outcome::Skipped(reason)),
        // Unreachable for a cursor that is `Infallible`, so the queue's client is linked only for tasks with pages.
        Outcome::More(cursor) => {
            let cursor = cursor.into_text();
            let next = Envelope {
                detail: event,
                cursor: Some(cursor.clone()),
                pages: pages.saturating_add(1),
            };
            queue_page(ctx, &next).await?;
            Ok(Outcome::More(cursor))
        }
    }
}

async fn queue_page(ctx: &Context, next: &Envelope) -> Result<()> {
    if next.pages >= MOST_STEPS {
        return Err(Error::invalid(
            "pages",
            format!("has reached {MOST_STEPS}, more than any customer needs: the task does not get to an end"),
        ));
    }
    let body = serde_json::to_string(next)
        .map_err(|e| Error::Internal(format!("the next page's message can't be serialized: {e}")))?;
    let queue = ctx.queue()?;
    let sent = queue
        .client
        .send_message()
        .queue_url(&queue.url)
        .message_body(body)
        .send()
        .await;
    sent.map_err(|e| Error::Unavailable(aws_sdk_sqs::error::DisplayErrorContext(e).to_string()))?;
    Ok(())
}

#[allow(
    clippy::disallowed_methods,
    reason = "the event came from the tenant's own partition of the table"
)]
fn job(ctx: &Context, task: &str, event: Event, cursor: Option<String>) -> Job {
    Job {
        tenant: Tenant::proven(event.customer_key),
        change: Change {
            now: ctx.clock.now(),
            actor: Actor::system(task),
            request_id: event.request_id.clone(),
            idempotency_key: None,
        },
        cursor,
        event,
    }
}

/// Whether a retry may succeed. Damaged data counts too: the message then reaches the dead-letter queue and can be redriven once the data
/// is repaired.
fn is_retryable(error: &Error) -> bool {
    matches!(
        error,
        Error::Unavailable(_)
            | Error::Internal(_)
            | Error::VersionMismatch { .. }
            | Error::Contended
            | Error::RequestInProgress
    )
}
