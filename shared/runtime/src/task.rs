//! A task: what is done about an event, once its message comes off the task's queue. The adapter owns batches, failures and panics.

use crate::{Context, Grant};
use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use domain::{Error, Result, Tenant, access::Actor};
use events::{Event, EventType};
use futures_util::FutureExt;
use serde::Deserialize;
use std::{future::Future, panic::AssertUnwindSafe};
use table::Change;

#[derive(Clone, Copy, Debug)]
pub struct TaskSpec {
    /// The function's name, its binary's and its queue's.
    pub name: &'static str,
    pub says: &'static str,
    pub on: &'static [EventType],
    pub grants: &'static [Grant],
}

/// What a task works on.
pub struct Job {
    pub event: Event,
    /// The tenant whose event it is.
    pub tenant: Tenant,
    /// The change that the task makes, as itself, for the request that started it all.
    pub change: Change,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// There was nothing to do, and why.
    Skipped(&'static str),
}

pub trait Task: 'static {
    const SPEC: TaskSpec;

    /// Does it, or says why not. Whether an error is worth another try is decided by what it is.
    fn run(ctx: &Context, job: Job) -> impl Future<Output = Result<Outcome>> + Send;
}

/// What EventBridge wraps around an event.
#[derive(Deserialize)]
struct Envelope {
    detail: Event,
}

/// Works through a batch. A message that fails is reported alone: it delays none of the others.
pub async fn work<T: Task>(ctx: &Context, batch: SqsEvent) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    for message in batch.records {
        let id = message.message_id.clone().unwrap_or_default();
        let one = AssertUnwindSafe(one::<T>(ctx, &message)).catch_unwind().await;
        let again = one.unwrap_or_else(|_| {
            tracing::error!(function = T::SPEC.name, message_id = id, "the task panicked");
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
    let name = T::SPEC.name;
    let id = message.message_id.as_deref().unwrap_or_default();
    let body = message.body.as_deref().unwrap_or_default();
    let event = match serde_json::from_str::<Envelope>(body) {
        Ok(envelope) => envelope.detail,
        Err(error) => {
            tracing::error!(function = name, message_id = id, %error, "not an event, and never will be: dropped");
            return false;
        }
    };
    let request_id = event.request_id.clone();
    match T::run(ctx, job(ctx, name, event)).await {
        Ok(Outcome::Done) => {
            tracing::info!(function = name, request_id, message_id = id, "done");
            false
        }
        Ok(Outcome::Skipped(why)) => {
            tracing::info!(function = name, request_id, message_id = id, why, "skipped");
            false
        }
        Err(error) if is_passing(&error) => {
            tracing::warn!(function = name, request_id, message_id = id, cause = %error, "failed, to be tried again");
            true
        }
        Err(error) => {
            tracing::error!(function = name, request_id, message_id = id, cause = %error, "failed for good: dropped");
            false
        }
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "an event is its tenant's: it came from the tenant's own partition"
)]
fn job(ctx: &Context, task: &str, event: Event) -> Job {
    Job {
        tenant: Tenant::proven(event.customer_key),
        change: Change {
            now: ctx.clock.now(),
            actor: Actor::system(task),
            request_id: event.request_id.clone(),
            once: None,
        },
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
