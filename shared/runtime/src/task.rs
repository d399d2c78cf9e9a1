//! A task: what is done about an event, once its message comes off the task's queue. The adapter owns batches, failures and panics.

use crate::{Context, spec::ObjectGrant};
use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use domain::{
    Error, Owner, Result, Tenant,
    access::Actor,
    key::{Key, Kind},
};
use events::{Event, EventType};
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use std::{future::Future, panic::AssertUnwindSafe};
use table::{Change, Operation, Step};

#[derive(Clone, Copy, Debug)]
pub struct TaskSpec {
    /// The function's name, its binary's and its queue's.
    pub name: &'static str,
    pub summary: &'static str,
    pub on: &'static [EventType],
    /// Which of these events, as an EventBridge pattern of their `detail`: for a task that few of them are about.
    pub about: Option<&'static str>,
    pub operations: &'static [Operation],
    pub objects: &'static [ObjectGrant],
    /// Whether it may have more to do than fits an invocation: then it sends itself where to go on.
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

    pub const fn in_pages(mut self) -> Self {
        self.pages = true;
        self
    }
}

/// What a task works on.
pub struct Job {
    pub event: Event,
    /// The tenant whose event it is.
    pub tenant: Tenant,
    /// Where this page begins; none on the first.
    pub cursor: Option<String>,
    /// The change that the task makes, as itself, for the request that started it all.
    pub change: Change,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// There was nothing to do, and why.
    Skipped(&'static str),
    /// A page is done, and the next one begins here.
    More(String),
}

impl From<Step> for Outcome {
    fn from(step: Step) -> Self {
        match step {
            Step::Done => Self::Done,
            Step::Nothing(why) => Self::Skipped(why),
            Step::More(cursor) => Self::More(cursor),
        }
    }
}

impl Job {
    /// The key of what the event is about.
    pub fn key<K: Kind>(&self) -> Result<Key<K>> {
        let key = self.event.entity.key.parse();
        key.map_err(|_| Error::invalid("entity.key", format!("is no key of a {}", K::KIND.name)))
    }

    /// Whose departments, locations and contacts the event is about.
    pub fn owner(&self) -> Owner {
        match self.event.client_key {
            Some(client) => self.tenant.client(client),
            None => self.tenant.itself(),
        }
    }
}

pub trait Task: 'static {
    const SPEC: TaskSpec;

    /// Does it, or says why not. Whether an error is worth another try is decided by what it is.
    fn run(ctx: &Context, job: Job) -> impl Future<Output = Result<Outcome>> + Send;
}

/// What EventBridge wraps around an event.
#[derive(Deserialize, Serialize)]
struct Envelope {
    detail: Event,
    /// Only in what a task sends itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    cursor: Option<String>,
}

/// Works through a batch. A message that fails is reported alone: it delays none of the others.
pub async fn work<T: Task>(ctx: &Context, batch: SqsEvent) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    for message in batch.records {
        let id = message.message_id.clone().unwrap_or_default();
        let one = AssertUnwindSafe(one::<T>(ctx, &message)).catch_unwind().await;
        let again = one.unwrap_or_else(|_| {
            tracing::error!(message_id = id, "the task panicked");
            true
        });
        if again {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            response.batch_item_failures.push(failure);
        }
    }
    response
}

/// Does one message; whether it is to come again.
async fn one<T: Task>(ctx: &Context, message: &SqsMessage) -> bool {
    let id = message.message_id.as_deref().unwrap_or_default();
    let body = message.body.as_deref().unwrap_or_default();
    let Envelope { detail: event, cursor } = match serde_json::from_str(body) {
        Ok(envelope) => envelope,
        Err(error) => {
            tracing::error!(message_id = id, %error, "not an event, and never will be: dropped");
            return false;
        }
    };
    let request_id = event.request_id.clone();
    match run::<T>(ctx, event, cursor).await {
        Ok(Outcome::Done) => {
            tracing::info!(request_id, message_id = id, "done");
            false
        }
        Ok(Outcome::Skipped(why)) => {
            tracing::info!(request_id, message_id = id, why, "skipped");
            false
        }
        Ok(Outcome::More(cursor)) => {
            tracing::info!(request_id, message_id = id, cursor, "a page is done");
            false
        }
        Err(error) if is_passing(&error) => {
            tracing::warn!(request_id, message_id = id, cause = %error, "failed, to be tried again");
            true
        }
        Err(error) => {
            tracing::error!(request_id, message_id = id, cause = %error, "failed for good: dropped");
            false
        }
    }
}

/// Runs the task. Where there is more to do, that is in the queue before the message counts as done: killed in between, the page is done
/// again, which changes nothing.
async fn run<T: Task>(ctx: &Context, event: Event, cursor: Option<String>) -> Result<Outcome> {
    let outcome = T::run(ctx, job(ctx, T::SPEC.name, event.clone(), cursor)).await?;
    // Constant for each task: without pages, the queue's client is not linked.
    if T::SPEC.pages
        && let Outcome::More(cursor) = &outcome
    {
        let next = Envelope {
            detail: event,
            cursor: Some(cursor.clone()),
        };
        let body = serde_json::to_string(&next).map_err(|e| Error::Internal(format!("a message is not JSON: {e}")))?;
        let queue = ctx.queue()?;
        let sent = queue
            .client
            .send_message()
            .queue_url(&queue.url)
            .message_body(body)
            .send()
            .await;
        sent.map_err(|e| Error::Unavailable(aws_sdk_sqs::error::DisplayErrorContext(e).to_string()))?;
    }
    Ok(outcome)
}

#[allow(
    clippy::disallowed_methods,
    reason = "an event is its tenant's: it came from the tenant's own partition"
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

/// Whether another try may do better. Damaged data is among these: somebody may mend it, and until then the message waits in the
/// dead-letter queue rather than being gone.
fn is_passing(error: &Error) -> bool {
    matches!(
        error,
        Error::Unavailable(_) | Error::Internal(_) | Error::VersionMismatch { .. } | Error::RequestInProgress
    )
}
