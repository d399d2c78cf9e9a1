//! A trigger: handles the records of the table's stream.

use crate::Context;
use aws_lambda_events::{
    dynamodb::{Event as StreamEvent, EventRecord},
    streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse},
};
use futures_util::FutureExt;
use std::{future::Future, panic::AssertUnwindSafe};
use table::Operation;

#[derive(Clone, Copy, Debug)]
pub struct TriggerSpec {
    pub name: &'static str,
    pub summary: &'static str,
    pub operations: &'static [Operation],
}

pub trait Trigger: 'static {
    const SPEC: TriggerSpec;

    /// Handles the records in order. On failure it returns the index of the first record that was not fully handled.
    fn run(ctx: &Context, records: &[EventRecord]) -> impl Future<Output = Result<(), usize>> + Send;
}

/// Handles a batch. On failure it reports the first record that was not fully handled; Lambda delivers again from there.
pub(crate) async fn work<T: Trigger>(ctx: &Context, batch: StreamEvent) -> DynamoDbEventResponse {
    let handled = AssertUnwindSafe(T::run(ctx, &batch.records)).catch_unwind().await;
    let handled = handled.unwrap_or_else(|_| {
        tracing::error!("the trigger panicked");
        Err(0)
    });
    let mut response = DynamoDbEventResponse::default();
    if let Err(index) = handled {
        let mut failure = DynamoDbBatchItemFailure::default();
        failure.item_identifier = batch
            .records
            .get(index)
            .and_then(|record| record.change.sequence_number.clone());
        response.batch_item_failures.push(failure);
    }
    response
}
