//! Reads and prunes the tables' streams.

use anyhow::Context;
use dynoxide::actions::get_records::GetRecordsRequest;
use dynoxide::actions::get_shard_iterator::GetShardIteratorRequest;
use dynoxide::streams::shard_id;
use rusqlite::params;
use serde_json::{Value, json};

use super::{DynamoDb, Embedded, blocking};
use crate::plan::REGION;
use crate::store::now_ms;

/// DynamoDB keeps a stream record for this many seconds.
const RETENTION: i64 = 24 * 60 * 60;

/// `dynoxide` adds this to a record's number, so that it looks like a sequence number.
const SEQUENCE_OFFSET: i128 = 100_000_000_000_000_000_000;

impl DynamoDb {
    /// The ARN of a table's stream, if it has one.
    pub async fn stream_of(&self, table: &str) -> anyhow::Result<Option<String>> {
        let description: Value = self
            .ask("DynamoDB_20120810.DescribeTable", &json!({ "TableName": table }))
            .await?;
        Ok(description["Table"]["LatestStreamArn"].as_str().map(str::to_owned))
    }

    /// Up to `limit` (at most 1,000) records of a stream, in the form of a Lambda event: those after the sequence number
    /// `after`, or the oldest if it is `None`.
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
        let mut records = records.with_context(|| format!("could not read the stream {stream_arn}"))?;
        for record in &mut records {
            convert_to_lambda_event(record, stream_arn);
        }
        Ok(records)
    }

    /// The sequence number of the newest record of a stream.
    pub async fn newest_sequence(&self, stream_arn: &str) -> anyhow::Result<Option<String>> {
        let mut newest = None;
        // From the records, because `DescribeStream` gives no ending sequence number for an open shard.
        loop {
            let records = self.records_after(stream_arn, newest.as_deref(), 1000).await?;
            let Some(last) = records.last() else {
                return Ok(newest);
            };
            newest = last["dynamodb"]["SequenceNumber"].as_str().map(str::to_owned);
        }
    }

    /// The same for a server. Shards are read one after the other. If several shards are open at the same time (a table with
    /// many partitions), the records are not in the order of time.
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
            let mut description: Value = self.ask("DynamoDBStreams_20120810.DescribeStream", &request).await?;
            if let Value::Array(page) = description["StreamDescription"]["Shards"].take() {
                shards.extend(page);
            }
            match description["StreamDescription"]["LastEvaluatedShardId"].take() {
                Value::Null => return Ok(shards),
                last => request["ExclusiveStartShardId"] = last,
            }
        }
    }

    /// Deletes records of a table's stream that are older than 24 hours and that every reader has passed: those up to the
    /// sequence number `passed`, or all if it is `None`, because the stream has no reader.
    pub async fn prune(&self, table: &str, passed: Option<&str>) -> anyhow::Result<()> {
        let Some(embedded) = self.embedded.clone() else {
            return Ok(());
        };
        let table = table.to_owned();
        let passed = passed.map_or(Ok(i64::MAX), stored_number)?;
        blocking(move || embedded.prune(&table, passed, now_ms() / 1000 - RETENTION))
            .await
            .context("could not prune a stream")
    }
}

impl Embedded {
    fn records_after(&self, stream_arn: String, after: Option<String>, limit: usize) -> anyhow::Result<Vec<Value>> {
        let table = stream_arn
            .split('/')
            .nth(1)
            .context("this is not the ARN of a stream")?;
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
        // Reads on as long as no record of a read contains a change.
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
            records.retain(is_change);
            if !records.is_empty() {
                return Ok(records);
            }
            from = read.next_shard_iterator;
        }
        Ok(Vec::new())
    }

    /// Deletes a thousand records at a time, so that no write has to wait for long.
    fn prune(&self, table: &str, passed: i64, older_than: i64) -> anyhow::Result<()> {
        loop {
            // The newest record stays, whatever its age: `dynoxide` computes the next record's number from it.
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

/// Whether a record contains a change. Unlike DynamoDB, `dynoxide` also records a write that did not change its item.
fn is_change(record: &Value) -> bool {
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

/// Changes the fields in which a Lambda event differs from the streams' API.
fn convert_to_lambda_event(record: &mut Value, stream_arn: &str) {
    record["awsRegion"] = REGION.into();
    record["eventSourceARN"] = stream_arn.into();
    let identity = &record["userIdentity"];
    if let (Value::String(kind), Value::String(principal)) = (&identity["Type"], &identity["PrincipalId"]) {
        record["userIdentity"] = json!({ "type": kind, "principalId": principal });
    }
}
