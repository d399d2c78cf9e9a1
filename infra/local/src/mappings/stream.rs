//! From a table's stream to a function: records in order, batch by batch. A batch that fails is split in half, tried again and
//! finally given up, as the template configures. Progress is stored, so a restart continues after the last processed batch.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::body::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::batch::{Reported, error_message, is_selected, reported_failures};
use super::services::Services;
use crate::dynamodb::{DynamoDb, Writes};
use crate::eventbridge::pattern::Pattern;
use crate::lambda::{Lambda, Outcome, Trace};
use crate::plan::{Mapping, OnFailure, StreamSource};
use crate::s3::S3;
use crate::sqs::{Outgoing, Sqs};
use crate::store::Store;
use crate::wire;

const CHECKPOINTS: &str = "stream checkpoints";
/// The largest event that a function accepts, in bytes.
const LARGEST_EVENT: usize = 6 * 1024 * 1024;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Not a real shard: on the local cloud, a sequence number is enough to find a record.
const SHARD: &str = "shardId-00000000000000000000-00000000";
/// The most records that one read of a stream returns.
const LARGEST_READ: usize = 1000;
/// The pause after an error of the local cloud itself, such as a full disk.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);

pub struct StreamMapping {
    store: Store,
    dynamodb: DynamoDb,
    sqs: Sqs,
    s3: S3,
    lambda: Lambda,
    id: String,
    function: String,
    function_arn: String,
    stream_arn: String,
    batch_size: usize,
    window: Duration,
    reports_item_failures: bool,
    filters: Vec<Pattern>,
    source: StreamSource,
}

/// Records to process, and how often this exact chunk has failed.
struct Chunk {
    records: Vec<Value>,
    failures: u32,
}

/// The result of a chunk's invocation.
enum ChunkResult {
    Done,
    FailedFrom {
        /// The first record to try again.
        index: usize,
        /// For the log.
        reason: String,
        /// Whether the function raised an error.
        error: bool,
    },
}

impl StreamMapping {
    pub async fn open(
        services: &Services,
        mapping: &Mapping,
        source: &StreamSource,
        filters: Vec<Pattern>,
        function_arn: String,
    ) -> Result<Self> {
        let stream_arn = services.dynamodb.stream_of(&source.table).await?;
        let stream_arn = stream_arn.with_context(|| format!("the table {} has no stream", source.table))?;
        let opened = Self {
            store: services.store.clone(),
            dynamodb: services.dynamodb.clone(),
            sqs: services.sqs.clone(),
            s3: services.s3.clone(),
            lambda: services.lambda.clone(),
            id: mapping.id.clone(),
            function: mapping.function.clone(),
            function_arn,
            stream_arn,
            batch_size: (mapping.batch_size as usize).min(LARGEST_READ),
            window: Duration::from_secs(mapping.window.into()),
            reports_item_failures: mapping.reports_item_failures,
            filters,
            source: source.clone(),
        };
        if source.from_latest && services.store.get(CHECKPOINTS, &opened.checkpoint_key())?.is_none() {
            let newest = services.dynamodb.newest_sequence(&opened.stream_arn).await?;
            // Empty if there is no record yet. Even then, no record from now on is skipped.
            services
                .store
                .set(CHECKPOINTS, &opened.checkpoint_key(), &newest.unwrap_or_default())?;
        }
        Ok(opened)
    }

    pub fn table(&self) -> &str {
        &self.source.table
    }

    /// The sequence number of the last processed record.
    pub fn position(&self, store: &Store) -> Result<Option<String>> {
        let kept = store.get(CHECKPOINTS, &self.checkpoint_key())?;
        Ok(kept.filter(|sequence| !sequence.is_empty()))
    }

    /// Contains the stream's ARN: a table that was created anew has a new stream, which is read from its start.
    fn checkpoint_key(&self) -> String {
        format!("{} {}", self.id, self.stream_arn)
    }

    pub async fn run(self: Arc<Self>) {
        let mut writes = self.dynamodb.writes();
        loop {
            if let Err(error) = self.run_batch(&mut writes).await {
                wire::log(&error);
                tokio::time::sleep(PAUSE_AFTER_ERROR).await;
            }
        }
    }

    async fn run_batch(&self, writes: &mut Writes) -> Result<()> {
        let position = self.position(&self.store)?;
        let records = self.gather(position.as_deref(), writes).await?;
        let Some(last) = records.last().map(sequence) else {
            return Ok(());
        };
        let selected = records
            .into_iter()
            .filter(|record| is_selected(&self.filters, record))
            .collect();
        self.process(selected).await?;
        self.save_position(&last)
    }

    /// A batch: the records that exist, and those that are written within the batching window. It is empty after a write to
    /// another table.
    async fn gather(&self, after: Option<&str>, writes: &mut Writes) -> Result<Vec<Value>> {
        let read = || self.dynamodb.records_after(&self.stream_arn, after, self.batch_size);
        let mut records = read().await?;
        if records.is_empty() {
            writes.next().await;
            records = read().await?;
        }
        let deadline = Instant::now() + self.window;
        while !self.window.is_zero() && !records.is_empty() && records.len() < self.batch_size {
            if tokio::time::timeout_at(deadline, writes.next()).await.is_err() {
                break;
            }
            records = read().await?;
        }
        Ok(records)
    }

    /// Processes a batch: at the end, every record is processed or given up.
    async fn process(&self, records: Vec<Value>) -> Result<()> {
        // A stack: halves are pushed in reverse.
        let mut waiting = vec![Chunk { records, failures: 0 }];
        while let Some(mut chunk) = waiting.pop() {
            self.drop_too_old(&mut chunk)?;
            let Some(last) = chunk.records.last().map(sequence) else {
                continue;
            };
            let event = Bytes::from(json!({"Records": chunk.records}).to_string());
            if event.len() > LARGEST_EVENT && chunk.records.len() > 1 {
                waiting.extend(chunk.halves());
                continue;
            }
            let (index, reason, error) = match self.invoke(event, &chunk.records).await {
                ChunkResult::Done => {
                    self.save_position(&last)?;
                    continue;
                }
                ChunkResult::FailedFrom { index, reason, error } => (index, reason, error),
            };
            if index > 0 {
                self.save_position(&sequence(&chunk.records[index - 1]))?;
                // The rest is a new chunk, which has not failed yet.
                let records = chunk.records.split_off(index);
                waiting.push(Chunk { records, failures: 0 });
                continue;
            }
            let count = chunk.records.len();
            self.lambda.report(
                &self.function,
                &format!(
                    "a batch of {count} from the stream of {} failed: {reason}",
                    self.source.table
                ),
            );
            if self.source.bisect && count > 1 {
                // A split does not count as a retry.
                waiting.extend(chunk.halves());
                continue;
            }
            chunk.failures += 1;
            if self.source.max_retries.is_some_and(|retries| chunk.failures > retries) {
                self.give_up(&chunk.records, "RetryAttemptsExhausted", chunk.failures, error)?;
                self.save_position(&last)?;
                continue;
            }
            tokio::time::sleep(pause(chunk.failures)).await;
            waiting.push(chunk);
        }
        Ok(())
    }

    async fn invoke(&self, event: Bytes, records: &[Value]) -> ChunkResult {
        let Some(slot) = self.lambda.slot(&self.function).await else {
            // The function is stopped, because the local cloud is stopping.
            return std::future::pending().await;
        };
        // A stream hands on no trace: each batch starts a chain.
        let (index, reason, error) = match slot.invoke(event, &Trace::of(None)).await {
            Outcome::Answered(_) if !self.reports_item_failures => return ChunkResult::Done,
            Outcome::Answered(answer) => match reported_failures(&answer) {
                Reported::Nothing => return ChunkResult::Done,
                Reported::Items(failed) => {
                    let first = records.iter().position(|record| failed.contains(&sequence(record)));
                    (first.unwrap_or(0), "its answer lists failures".to_owned(), false)
                }
                Reported::Everything => (0, "its answer is not a list of failures".to_owned(), false),
            },
            Outcome::Failed(error) => (0, error_message(&error), true),
            Outcome::Throttled => (0, "throttled".to_owned(), true),
        };
        ChunkResult::FailedFrom { index, reason, error }
    }

    /// Gives up the records at the front that are older than the template allows.
    fn drop_too_old(&self, chunk: &mut Chunk) -> Result<()> {
        let Some(seconds) = self.source.max_record_age else {
            return Ok(());
        };
        let limit = Utc::now().timestamp() - i64::from(seconds);
        let fresh = chunk
            .records
            .iter()
            .position(|record| created(record).timestamp() >= limit);
        let old: Vec<Value> = chunk.records.drain(..fresh.unwrap_or(chunk.records.len())).collect();
        let Some(last) = old.last().map(sequence) else {
            return Ok(());
        };
        self.give_up(&old, "RecordAgeExceeded", chunk.failures, chunk.failures > 0)?;
        self.save_position(&last)
    }

    /// Sends a description of records that will not be tried again to the on-failure destination: a bucket gets the records too. They stay
    /// in the stream as long as every other record.
    fn give_up(&self, records: &[Value], condition: &str, invocations: u32, error: bool) -> Result<()> {
        let (Some(first), Some(last)) = (records.first(), records.last()) else {
            return Ok(());
        };
        let table = &self.source.table;
        let Some(destination) = &self.source.on_failure else {
            let text = format!(
                "gave up {} records of the stream of {table} ({condition}); there is no on-failure destination",
                records.len()
            );
            self.lambda.report(&self.function, &text);
            return Ok(());
        };
        let mut body = json!({
            "requestContext": {
                "requestId": Uuid::new_v4().to_string(),
                "functionArn": self.function_arn,
                "condition": condition,
                "approximateInvokeCount": invocations,
            },
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
            "version": "1.0",
            "timestamp": Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
            "DDBStreamBatchInfo": {
                "shardId": SHARD,
                "startSequenceNumber": sequence(first),
                "endSequenceNumber": sequence(last),
                "approximateArrivalOfFirstRecord": created(first).to_rfc3339_opts(SecondsFormat::Secs, true),
                "approximateArrivalOfLastRecord": created(last).to_rfc3339_opts(SecondsFormat::Secs, true),
                "batchSize": records.len(),
                "streamArn": self.stream_arn,
            },
        });
        if error {
            body["responseContext"]["functionError"] = "Unhandled".into();
        }
        let place = match destination {
            OnFailure::Queue(queue) => {
                self.sqs.send(queue, &Outgoing::new(body.to_string()))?;
                format!("a message in {queue} describes them")
            }
            OnFailure::Bucket(bucket) => {
                body["payload"] = json!({"Records": records}).to_string().into();
                let key = self.failure_key();
                self.s3.keep(bucket, &key, &body.to_string())?;
                format!("the object {key} in {bucket} holds them")
            }
        };
        let text = format!(
            "gave up {} records of the stream of {table} ({condition}); {place}",
            records.len()
        );
        self.lambda.report(&self.function, &text);
        Ok(())
    }

    /// A new key of an object, in Lambda's form.
    fn failure_key(&self) -> String {
        // On AWS a mapping has a random id. This one is the same after each start.
        let mapping = Uuid::from_bytes(md5::compute(&self.id).0);
        let (time, random) = (Utc::now().format("%Y/%m/%d/%Y-%m-%dT%H.%M.%S"), Uuid::new_v4());
        format!("aws/lambda/{mapping}/{SHARD}/{time}-{random}")
    }

    fn save_position(&self, sequence: &str) -> Result<()> {
        self.store.set(CHECKPOINTS, &self.checkpoint_key(), sequence)
    }
}

impl Chunk {
    /// The second half and then the first, in the order for a stack.
    fn halves(mut self) -> [Self; 2] {
        let second = self.records.split_off(self.records.len().div_ceil(2));
        [
            Chunk {
                records: second,
                failures: self.failures,
            },
            self,
        ]
    }
}

fn pause(failures: u32) -> Duration {
    FIRST_PAUSE
        .saturating_mul(1 << failures.saturating_sub(1).min(10))
        .min(LONGEST_PAUSE)
}

fn sequence(record: &Value) -> String {
    record["dynamodb"]["SequenceNumber"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

fn created(record: &Value) -> DateTime<Utc> {
    let seconds = record["dynamodb"]["ApproximateCreationDateTime"]
        .as_f64()
        .unwrap_or_default();
    DateTime::from_timestamp_millis((seconds * 1000.0) as i64).unwrap_or_default()
}
