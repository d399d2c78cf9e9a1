//! What has to be done every now and then: items, messages and objects past their time, and stream records that everybody
//! has read.

use std::time::{Duration, Instant};

use crate::dynamodb::DynamoDb;
use crate::s3::S3;
use crate::sqs::Sqs;
use crate::store::now_ms;
use crate::wire;

/// How soon after its time an item is deleted at best. DynamoDB takes up to days.
const TTL_PAUSE: Duration = Duration::from_secs(3);
const TIDY_PAUSE: Duration = Duration::from_secs(60);

/// Deletes expired items, for ever.
pub async fn delete_expired_items(dynamodb: DynamoDb) {
    loop {
        let started = Instant::now();
        if let Err(error) = dynamodb.delete_expired().await {
            wire::log(&error);
        }
        // A sweep reads whole tables: with large ones it rests the longer.
        tokio::time::sleep(TTL_PAUSE.max(10 * started.elapsed())).await;
    }
}

/// Deletes objects that a bucket's lifecycle rules have expired, for ever.
pub async fn delete_expired_objects(s3: S3) {
    loop {
        tokio::time::sleep(TIDY_PAUSE).await;
        if let Err(error) = s3.delete_expired(now_ms()) {
            wire::log(&error);
        }
    }
}

/// Deletes expired messages and old stream records, for ever. `passed` says of each table with a stream up to which
/// sequence number all its mappings have read: `None` where there are none, and no such pair while one has yet to begin.
pub async fn tidy(dynamodb: DynamoDb, sqs: Sqs, passed: impl Fn() -> Vec<(String, Option<String>)>) {
    loop {
        tokio::time::sleep(TIDY_PAUSE).await;
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
