//! Reads and prunes the streams of the tables.

use anyhow::Context;
use dynoxide::actions::get_records::GetRecordsRequest;
use dynoxide::actions::get_shard_iterator::GetShardIteratorRequest;
use dynoxide::streams::shard_id;
use rusqlite::params;
use serde_json::{Value, json};

use super::{DynamoDb, Embedded, blocking};
use crate::plan::REGION;
use crate::store::now_ms;

/// How long DynamoDB keeps a stream record, in seconds.
const RETENTION: i64 = 24 * 60 * 60;

/// What `dynoxide` adds to a record's number to make it look like a sequence number.
const SEQUENCE_OFFSET: i128 = 100_000_000_000_000_000_000;

impl DynamoDb {
    /// The ARN of a table's stream, if it has one.
    pub async fn stream_of(&self, table: &str) -> anyhow::Result<Option<String>> {
        let told: Value = self
            .ask("DynamoDB_20120810.DescribeTable", &json!({ "TableName": table }))
            .await?;
        Ok(told["Table"]["LatestStreamArn"].as_str().map(str::to_owned))
    }

    /// Up to `limit` (at most 1,000) records of a stream, as a Lambda event has them, after the one with the sequence
    /// number `after`; from the oldest on without it.
    pub async fn records_after(
        &self,
        stream_arn: &str,
        after: Option<&str>,
        limit: usize,
    ) -> anyhow::Result<Vec<Value>> {
        let records = match &self.embedded {
            Some(embedded) => {
                let embedded = embedded.clone();
                let (arn, after) = (stream_arn.to_owned(), after.map(str::to_owned));
                blocking(move || embedded.records_after(arn, after, limit)).await
            }
            None => self.records_of_server(stream_arn, after, limit).await,
        };
        let mut records = records.with_context(|| format!("cannot read the stream {stream_arn}"))?;
        for record in &mut records {
            as_in_lambda_event(record, stream_arn);
        }
        Ok(records)
    }

    /// The sequence number of the newest record of a stream, for who wants only what comes after.
    pub async fn newest_sequence(&self, stream_arn: &str) -> anyhow::Result<Option<String>> {
        let mut newest = None;
        // Record by record rather than from `DescribeStream`, which tells no end for a shard that is open.
        loop {
            let records = self.records_after(stream_arn, newest.as_deref(), 1000).await?;
            let Some(last) = records.last() else {
                return Ok(newest);
            };
            newest = last["dynamodb"]["SequenceNumber"].as_str().map(str::to_owned);
        }
    }

    /// As the embedded database does it, for a server whose shards follow one another. A stream with shards side by side
    /// (of a table with many partitions) is read shard after shard, and so not in the order of time.
    pub(super) async fn records_of_server(
        &self,
        arn: &str,
        after: Option<&str>,
        limit: usize,
    ) -> anyhow::Result<Vec<Value>> {
        let shards = self.shards(arn).await?;
        let started = |shard: &Value| {
            let start = shard["SequenceNumberRange"]["StartingSequenceNumber"]
                .as_str()
                .unwrap_or_default();
            after.is_some_and(|after| (start.len(), start) <= (after.len(), after))
        };
        let current = shards.iter().rposition(started);
        for (index, shard) in shards.iter().enumerate().skip(current.unwrap_or(0)) {
            let mut request =
                json!({ "StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON" });
            if Some(index) == current {
                request["ShardIteratorType"] = "AFTER_SEQUENCE_NUMBER".into();
                request["SequenceNumber"] = after.into();
            }
            let iterator: Value = self.ask("DynamoDBStreams_20120810.GetShardIterator", &request).await?;
            let request = json!({ "ShardIterator": iterator["ShardIterator"], "Limit": limit });
            let mut read: Value = self.ask("DynamoDBStreams_20120810.GetRecords", &request).await?;
            if let Value::Array(records) = read["Records"].take()
                && !records.is_empty()
            {
                return Ok(records);
            }
        }
        Ok(Vec::new())
    }

    pub(super) async fn shards(&self, arn: &str) -> anyhow::Result<Vec<Value>> {
        let mut shards = Vec::new();
        let mut request = json!({ "StreamArn": arn });
        loop {
            let mut told: Value = self.ask("DynamoDBStreams_20120810.DescribeStream", &request).await?;
            if let Value::Array(page) = told["StreamDescription"]["Shards"].take() {
                shards.extend(page);
            }
            match told["StreamDescription"]["LastEvaluatedShardId"].take() {
                Value::Null => return Ok(shards),
                last => request["ExclusiveStartShardId"] = last,
            }
        }
    }

    /// Deletes records of a table's stream that are past their 24 hours and that every reader has passed: up to the
    /// sequence number `passed`, or all of them where nobody reads the stream.
    pub async fn prune(&self, table: &str, passed: Option<&str>) -> anyhow::Result<()> {
        let Some(embedded) = self.embedded.clone() else {
            return Ok(());
        };
        let table = table.to_owned();
        let passed = passed.map_or(Ok(i64::MAX), stored_number)?;
        blocking(move || embedded.prune(&table, passed, now_ms() / 1000 - RETENTION))
            .await
            .context("pruning a stream failed")
    }
}

impl Embedded {
    fn records_after(&self, stream_arn: String, after: Option<String>, limit: usize) -> anyhow::Result<Vec<Value>> {
        let table = stream_arn.split('/').nth(1).context("it is not the ARN of a stream")?;
        let kind = if after.is_some() {
            "AFTER_SEQUENCE_NUMBER"
        } else {
            "TRIM_HORIZON"
        };
        let mut from = self
            .database
            .get_shard_iterator(GetShardIteratorRequest {
                shard_id: shard_id(table),
                shard_iterator_type: kind.to_owned(),
                sequence_number: after,
                stream_arn,
            })?
            .shard_iterator;
        // Further where a whole read tells of no change.
        while let Some(shard_iterator) = from {
            let read = self.database.get_records(GetRecordsRequest {
                shard_iterator,
                limit: Some(limit),
            })?;
            if read.records.is_empty() {
                break;
            }
            let records = read.records.iter().map(|record| Ok(serde_json::to_value(record)?));
            let mut records = records.collect::<anyhow::Result<Vec<Value>>>()?;
            records.retain(tells_a_change);
            if !records.is_empty() {
                return Ok(records);
            }
            from = read.next_shard_iterator;
        }
        Ok(Vec::new())
    }

    /// A thousand at a time, so that no write waits for long.
    fn prune(&self, table: &str, passed: i64, older_than: i64) -> anyhow::Result<()> {
        loop {
            // The newest stays whatever its age: the next record's number is reckoned from it.
            let deleted = self.maintenance().execute(
                "DELETE FROM _stream_records WHERE id IN
                     (SELECT id FROM _stream_records
                      WHERE table_name = ?1 AND CAST(sequence_number AS INTEGER) <= ?2 AND created_at < ?3
                          AND CAST(sequence_number AS INTEGER) <
                              (SELECT MAX(CAST(sequence_number AS INTEGER)) FROM _stream_records WHERE table_name = ?1)
                      ORDER BY CAST(sequence_number AS INTEGER) LIMIT 1000)",
                params![table, passed, older_than],
            )?;
            if deleted < 1000 {
                return Ok(());
            }
        }
    }
}

/// `dynoxide` also records a write that left its item as it was, which DynamoDB does not.
fn tells_a_change(record: &Value) -> bool {
    let images = &record["dynamodb"];
    images["NewImage"].is_null() || images["NewImage"] != images["OldImage"]
}

fn stored_number(sequence: &str) -> anyhow::Result<i64> {
    let number: i128 = sequence
        .parse()
        .with_context(|| format!("{sequence} is not a sequence number"))?;
    i64::try_from(number - SEQUENCE_OFFSET)
        .with_context(|| format!("{sequence} is not a sequence number of this stream"))
}

/// Where a Lambda event differs from the stream's own API.
fn as_in_lambda_event(record: &mut Value, stream_arn: &str) {
    record["awsRegion"] = REGION.into();
    record["eventSourceARN"] = stream_arn.into();
    let identity = &record["userIdentity"];
    if let (Value::String(kind), Value::String(principal)) = (&identity["Type"], &identity["PrincipalId"]) {
        record["userIdentity"] = json!({ "type": kind, "principalId": principal });
    }
}
