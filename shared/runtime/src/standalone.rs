//! A standalone function: a schedule invokes it, another API does, or a person.

use crate::Context;
use domain::Result;
use serde_json::Value;
use std::future::Future;
use table::Operation;

#[derive(Clone, Copy, Debug)]
pub struct StandaloneSpec {
    pub name: &'static str,
    pub summary: &'static str,
    pub started: Started,
    pub operations: &'static [Operation],
    /// Whether it publishes what the stream's trigger gave up. It then gets the bus, and the bucket that keeps these records.
    pub replays: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Started {
    EveryMinute,
    /// The Lambda authorizer of another API.
    AsAuthorizer,
    /// The API's `$default` route: a request that has no route of its own.
    ByUnknownRoutes,
    /// A person invokes it when it is needed.
    ByHand,
}

pub trait Standalone: 'static {
    const SPEC: StandaloneSpec;

    /// Takes the event as AWS sends it, and the invocation's request id.
    fn run(ctx: &Context, event: Value, request_id: String) -> impl Future<Output = Result<Value>> + Send;
}

/// Runs the function and logs the outcome. On an error it returns `None`, because the caller must not see the cause.
pub(crate) async fn run<S: Standalone>(ctx: &Context, event: Value, request_id: String) -> Option<Value> {
    match S::run(ctx, event, request_id.clone()).await {
        Ok(answer) => {
            tracing::info!(request_id, "done");
            Some(answer)
        }
        Err(error) => {
            tracing::error!(request_id, cause = %error, "failed");
            None
        }
    }
}
