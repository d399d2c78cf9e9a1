//! A function that neither the API, the stream nor a queue starts: a schedule does, or somebody else's API.

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
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Started {
    EveryMinute,
    /// As the Lambda authorizer of another API.
    AsAuthorizer,
}

pub trait Standalone: 'static {
    const SPEC: StandaloneSpec;

    /// What it is given is as AWS sends it; `request_id` is the invocation's.
    fn run(ctx: &Context, event: Value, request_id: String) -> impl Future<Output = Result<Value>> + Send;
}

/// Runs it. What went wrong is logged here, once; whoever started it gets to know only that it did.
pub async fn run<S: Standalone>(ctx: &Context, event: Value, request_id: String) -> Option<Value> {
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
