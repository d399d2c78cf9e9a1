//! Periodic work: deletes expired items, messages and objects, and stream records that every mapping has read.

use std::time::{Duration, Instant};

use crate::dynamodb::DynamoDb;
use crate::s3::S3;
use crate::sqs::Sqs;
use crate::store::now_ms;
use crate::wire;

/// The shortest pause between two deletions of expired items. DynamoDB may take days.
const SHORTEST_TTL_PAUSE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_secs(60);

/// Deletes expired items from time to time. Never resolves.
pub async fn delete_expired_items(dynamodb: DynamoDb) {
    loop {
        let started = Instant::now();
        if let Err(error) = dynamodb.delete_expired().await {
            wire::log(&error);
        }
        // A deletion reads whole tables, so the pause grows with their size.
        tokio::time::sleep(SHORTEST_TTL_PAUSE.max(10 * started.elapsed())).await;
    }
}

/// Deletes objects that the buckets' lifecycle rules have expired, from time to time. Never resolves.
pub async fn delete_expired_objects(s3: S3) {
    loop {
        tokio::time::sleep(PAUSE).await;
        if let Err(error) = s3.delete_expired(now_ms()) {
            wire::log(&error);
        }
    }
}

/// Deletes expired messages and old stream records from time to time. Never resolves. `passed` returns, for each table with a
/// stream, the sequence number up to which all its mappings have read, or `None` if it has no mapping. It omits a table if one
/// of its mappings has read nothing yet.
pub async fn delete_expired_messages_and_records(
    dynamodb: DynamoDb,
    sqs: Sqs,
    passed: impl Fn() -> Vec<(String, Option<String>)>,
) {
    loop {
        tokio::time::sleep(PAUSE).await;
        if let Err(error) = sqs.delete_expired() {
            wire::log(&error.into());
        }
        for (table, passed) in passed() {
            if let Err(error) = dynamodb.prune(&table, passed.as_deref()).await {
                wire::log(&error);
            }
        }
    }
}
