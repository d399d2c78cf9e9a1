//! The embedded database, and the same database as a server.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::plan::Table;

/// A table whose declaration `change` may change.
fn table(change: impl FnOnce(&mut Table)) -> Table {
    let mut table = Table {
        logical_id: "Things".to_owned(),
        name: "things".to_owned(),
        create: json!({
            "TableName": "things",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                { "AttributeName": "pk", "AttributeType": "S" }, { "AttributeName": "kind", "AttributeType": "S" },
            ],
            "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }],
            "GlobalSecondaryIndexes": [{
                "IndexName": "kinds",
                "KeySchema": [{ "AttributeName": "kind", "KeyType": "HASH" }],
                "Projection": { "ProjectionType": "ALL" },
            }],
            "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES" },
        }),
        ttl_attribute: Some("expires".to_owned()),
        streamed: true,
    };
    change(&mut table);
    table
}

async fn open(folder: &tempfile::TempDir) -> DynamoDb {
    let dynamodb = DynamoDb::open(&folder.path().join("tables.sqlite")).unwrap();
    dynamodb.create_missing_tables(&[table(|_| {})]).await.unwrap();
    dynamodb
}

async fn put(dynamodb: &DynamoDb, key: &str, expires: i64) {
    let item = json!({ "pk": { "S": key }, "expires": { "N": expires.to_string() } });
    dynamodb
        .ask::<Value>(
            "DynamoDB_20120810.PutItem",
            &json!({ "TableName": "things", "Item": item }),
        )
        .await
        .unwrap();
}

async fn call(dynamodb: &DynamoDb, operation: &str, request: Value) -> (u16, Value) {
    let answer = dynamodb
        .call(&format!("DynamoDB_20120810.{operation}"), request.to_string().into())
        .await
        .unwrap();
    (answer.status, serde_json::from_slice(&answer.body).unwrap())
}

fn sequence(record: &Value) -> &str {
    record["dynamodb"]["SequenceNumber"].as_str().unwrap()
}

#[tokio::test]
async fn items_and_stream_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let dynamodb = open(&folder).await;
    put(&dynamodb, "a", 1).await;
    drop(dynamodb);

    let dynamodb = open(&folder).await;
    put(&dynamodb, "a", 2).await;
    let arn = dynamodb.stream_of("things").await.unwrap().unwrap();
    assert!(
        arn.starts_with("arn:aws:dynamodb:us-east-1:000000000000:table/things/stream/"),
        "{arn}"
    );
    let records = dynamodb.records_after(&arn, None, 10).await.unwrap();
    assert_eq!(records[0]["eventName"], "INSERT");
    assert_eq!(records[1]["eventName"], "MODIFY");
    assert_eq!(records[1]["dynamodb"]["OldImage"]["expires"]["N"], "1");
    assert_eq!(records[1]["eventSourceARN"], arn.as_str());
    assert_eq!(records[1]["awsRegion"], "us-east-1");

    let after_first = dynamodb
        .records_after(&arn, Some(sequence(&records[0])), 10)
        .await
        .unwrap();
    assert_eq!(after_first, records[1..]);
    assert_eq!(
        dynamodb.newest_sequence(&arn).await.unwrap().as_deref(),
        Some(sequence(&records[1]))
    );
}

#[tokio::test]
async fn a_write_that_changes_nothing_is_not_in_the_stream() {
    let folder = tempfile::tempdir().unwrap();
    let dynamodb = open(&folder).await;
    for expires in [1, 1, 1, 2] {
        put(&dynamodb, "a", expires).await;
    }
    let arn = dynamodb.stream_of("things").await.unwrap().unwrap();
    let first = dynamodb.records_after(&arn, None, 1).await.unwrap();
    // The next two records contain no change. The read continues to the one that does.
    let second = dynamodb
        .records_after(&arn, Some(sequence(&first[0])), 1)
        .await
        .unwrap();
    assert_eq!(second[0]["dynamodb"]["NewImage"]["expires"]["N"], "2");
    assert!(
        dynamodb
            .records_after(&arn, Some(sequence(&second[0])), 1)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_write_wakes_readers_once() {
    let folder = tempfile::tempdir().unwrap();
    let dynamodb = open(&folder).await;
    let mut writes = dynamodb.writes();
    put(&dynamodb, "a", 1).await;
    tokio::time::timeout(Duration::from_secs(5), writes.next())
        .await
        .unwrap();
    assert!(
        tokio::time::timeout(Duration::from_millis(50), writes.next())
            .await
            .is_err(),
        "nothing was written since"
    );
}

#[tokio::test]
async fn expired_items_are_deleted_and_the_stream_names_the_deleter() {
    let folder = tempfile::tempdir().unwrap();
    let dynamodb = open(&folder).await;
    put(&dynamodb, "old", 1).await;
    put(&dynamodb, "new", 4_000_000_000).await;
    dynamodb.delete_expired().await.unwrap();
    let arn = dynamodb.stream_of("things").await.unwrap().unwrap();
    let records = dynamodb.records_after(&arn, None, 10).await.unwrap();
    assert_eq!(records.len(), 3);
    assert_eq!(
        (&records[2]["eventName"], &records[2]["dynamodb"]["Keys"]["pk"]["S"]),
        (&json!("REMOVE"), &json!("old"))
    );
    assert_eq!(
        records[2]["userIdentity"],
        json!({ "type": "Service", "principalId": "dynamodb.amazonaws.com" })
    );
}

#[tokio::test]
async fn pruning_keeps_young_unread_and_newest_records() {
    let folder = tempfile::tempdir().unwrap();
    let dynamodb = open(&folder).await;
    for key in ["a", "b", "c", "d"] {
        put(&dynamodb, key, 1).await;
    }
    let arn = dynamodb.stream_of("things").await.unwrap().unwrap();
    let records = dynamodb.records_after(&arn, None, 10).await.unwrap();
    dynamodb.prune("things", None).await.unwrap();
    assert_eq!(
        dynamodb.records_after(&arn, None, 10).await.unwrap().len(),
        4,
        "all are young"
    );

    let embedded = dynamodb.embedded.as_ref().unwrap();
    embedded
        .maintenance()
        .execute("UPDATE _stream_records SET created_at = 1", [])
        .unwrap();
    dynamodb.prune("things", Some(sequence(&records[1]))).await.unwrap();
    assert_eq!(
        dynamodb.records_after(&arn, None, 10).await.unwrap().len(),
        2,
        "two are read"
    );
    dynamodb.prune("things", None).await.unwrap();
    let left = dynamodb.records_after(&arn, None, 10).await.unwrap();
    assert_eq!(left.iter().map(sequence).collect::<Vec<_>>(), [sequence(&records[3])]);
}

#[tokio::test]
async fn a_write_does_not_read_the_whole_stream() {
    let folder = tempfile::tempdir().unwrap();
    let dynamodb = open(&folder).await;
    let plan: String = dynamodb
        .embedded
        .as_ref()
        .unwrap()
        .maintenance()
        .query_row(
            "EXPLAIN QUERY PLAN
             SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 FROM _stream_records WHERE table_name = 'things'",
            [],
            |row| row.get(3),
        )
        .unwrap();
    assert!(plan.contains("local_stream_order"), "{plan}");
}

#[tokio::test]
async fn a_failed_condition_returns_the_item() {
    let folder = tempfile::tempdir().unwrap();
    let dynamodb = open(&folder).await;
    put(&dynamodb, "a", 7).await;
    let item = json!({ "pk": { "S": "a" }, "expires": { "N": "7" } });
    let update = json!({
        "TableName": "things",
        "Key": { "pk": { "S": "a" } },
        "UpdateExpression": "SET #k = :k",
        "ConditionExpression": "attribute_not_exists(pk)",
        "ExpressionAttributeNames": { "#k": "kind" },
        "ExpressionAttributeValues": { ":k": { "S": "x" } },
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    });
    let (status, body) = call(&dynamodb, "UpdateItem", update.clone()).await;
    assert_eq!((status, &body["Item"]), (400, &item));
    assert_eq!(
        body["__type"],
        "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"
    );

    let (status, body) = call(
        &dynamodb,
        "TransactWriteItems",
        json!({ "TransactItems": [{ "Update": update }] }),
    )
    .await;
    assert_eq!((status, &body["CancellationReasons"][0]["Item"]), (400, &item));
}

#[tokio::test]
async fn error_messages_are_those_of_dynamodb() {
    let folder = tempfile::tempdir().unwrap();
    let dynamodb = open(&folder).await;
    let item = json!({ "pk": { "S": "a" }, "n": { "N": "seven" } });
    let (status, body) = call(&dynamodb, "PutItem", json!({ "TableName": "things", "Item": item })).await;
    assert_eq!(status, 400);
    assert_eq!(
        body["message"],
        "1 validation error detected: The parameter cannot be converted to a numeric value: seven"
    );
    let (_, body) = call(&dynamodb, "CreateBackup", json!({})).await;
    assert!(body["message"].as_str().unwrap().contains("CreateBackup"), "{body}");
}

#[tokio::test]
async fn the_streams_api_lists_one_open_shard_with_an_id_that_sdks_accept() {
    let folder = tempfile::tempdir().unwrap();
    let dynamodb = open(&folder).await;
    put(&dynamodb, "a", 1).await;
    let arn = dynamodb.stream_of("things").await.unwrap().unwrap();
    assert_eq!(dynamodb.records_of_server(&arn, None, 10).await.unwrap().len(), 1);

    let shards = dynamodb.shards(&arn).await.unwrap();
    assert!(shards[0]["ShardId"].as_str().unwrap().len() >= 28, "{shards:?}");
    assert_eq!(
        shards[0]["SequenceNumberRange"].as_object().unwrap().len(),
        1,
        "{shards:?}"
    );
}

#[tokio::test]
async fn other_keys_or_indexes_than_those_of_the_existing_table_are_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let dynamodb = open(&folder).await;
    let other_index = table(|table| table.create["GlobalSecondaryIndexes"][0]["IndexName"] = json!("sorts"));
    let other_key = table(|table| table.create["AttributeDefinitions"][0]["AttributeType"] = json!("N"));
    for changed in [other_index, other_key] {
        let error = dynamodb.create_missing_tables(&[changed]).await.unwrap_err();
        assert!(format!("{error:#}").contains("--fresh"), "{error:#}");
    }
    let unstreamed = table(|table| {
        table.streamed = false;
        table.create.as_object_mut().unwrap().remove("StreamSpecification");
    });
    dynamodb.create_missing_tables(&[unstreamed]).await.unwrap();
    assert_eq!(dynamodb.stream_of("things").await.unwrap(), None);
    dynamodb.create_missing_tables(&[table(|_| {})]).await.unwrap();
    assert!(dynamodb.stream_of("things").await.unwrap().is_some());
}

#[tokio::test]
async fn the_error_for_a_damaged_file_names_it_and_suggests_a_fix() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tables.sqlite");
    std::fs::write(&path, vec![b'x'; 8192]).unwrap();
    let message = format!("{:#}", DynamoDb::open(&path).err().unwrap());
    assert!(
        message.contains("tables.sqlite") && message.contains("--fresh"),
        "{message}"
    );
}

#[tokio::test]
async fn a_server_replaces_the_embedded_database() {
    let folder = tempfile::tempdir().unwrap();
    let server = open(&folder).await;
    let dynamodb = DynamoDb::connect(&server.url).await.unwrap();
    dynamodb.create_missing_tables(&[table(|_| {})]).await.unwrap();
    put(&dynamodb, "a", 1).await;
    let arn = dynamodb.stream_of("things").await.unwrap().unwrap();
    let records = dynamodb.records_after(&arn, None, 10).await.unwrap();
    assert_eq!(records.len(), 1);
    assert!(
        dynamodb
            .records_after(&arn, Some(sequence(&records[0])), 10)
            .await
            .unwrap()
            .is_empty()
    );

    let error = DynamoDb::connect("http://127.0.0.1:1/").await.err().unwrap();
    assert!(format!("{error:#}").contains("--dynamodb-endpoint"), "{error:#}");
}
