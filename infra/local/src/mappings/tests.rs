//! Mappings with a real table, real queues and real function processes.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::batch::{Reported, reported_failures};
use super::*;
use crate::dynamodb::DynamoDb;
use crate::lambda::Trace;
use crate::lambda::tests::{function, lambda};
use crate::plan::{Bucket, Function, OnFailure, Queue, Redrive, StreamSource, Table};
use crate::s3::{Permissions, S3};
use crate::sqs::{Outgoing, Sqs};

#[test]
fn answers_to_a_batch_are_read_as_documented() {
    for success in [
        "",
        "null",
        "{}",
        r#"{"batchItemFailures":null}"#,
        r#"{"batchItemFailures":[]}"#,
    ] {
        assert_eq!(reported_failures(success.as_bytes()), Reported::Nothing, "{success}");
    }
    for failure in [
        r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
        r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#,
        r#"{"batchItemFailures":[{"id":"a"}]}"#,
        "\"text\"",
    ] {
        assert_eq!(reported_failures(failure.as_bytes()), Reported::Everything, "{failure}");
    }
    let partial = br#"{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"b"}]}"#;
    let items = vec!["a".to_owned(), "b".to_owned()];
    assert_eq!(reported_failures(partial), Reported::Items(items));
}

/// The table `things` with a stream, the queues `tasks` and `dead`, and the function `f`.
struct World {
    folder: tempfile::TempDir,
    services: Services,
    plan: Plan,
}

impl World {
    async fn new(mapping: Mapping) -> Self {
        Self::with(mapping, |_| {}).await
    }

    async fn with(mapping: Mapping, change: impl FnOnce(&mut Function)) -> Self {
        let (folder, lambda) = lambda(change);
        let queue = |name: &str, redrive| Queue {
            logical_id: name.to_owned(),
            name: name.to_owned(),
            visibility_timeout: 1,
            retention: 60,
            delay: 0,
            receive_wait: 0,
            redrive,
        };
        let redrive = Redrive {
            dead_letter_queue: "dead".to_owned(),
            max_receive_count: 1,
        };
        let table = Table {
            logical_id: "Things".to_owned(),
            name: "things".to_owned(),
            create: json!({
                "TableName": "things",
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                "BillingMode": "PAY_PER_REQUEST",
                "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"},
            }),
            ttl_attribute: None,
            streamed: true,
        };
        let function = Function {
            timeout: 1,
            ..function("f", "target/lambda/script/")
        };
        let plan = Plan {
            tables: vec![table],
            queues: vec![queue("tasks", Some(redrive)), queue("dead", None)],
            functions: vec![function],
            mappings: vec![mapping],
            ..Plan::default()
        };
        let store = Store::open(&folder.path().join("cloud.db")).unwrap();
        let dynamodb = DynamoDb::open(&folder.path().join("dynamodb.db")).unwrap();
        dynamodb.create_missing_tables(&plan.tables).await.unwrap();
        let sqs = Sqs::open(store.clone(), &plan.queues).unwrap();
        let kept = Bucket {
            name: "kept".to_owned(),
            cors: Vec::new(),
            expirations: Vec::new(),
        };
        let s3 = S3::open(store.clone(), &[kept], None, Permissions::default());
        let services = Services {
            store,
            dynamodb,
            sqs,
            s3,
            lambda,
        };
        Self { folder, services, plan }
    }

    async fn start(&self) -> Mappings {
        start(&self.services, &self.plan).await.unwrap()
    }

    async fn put(&self, keys: &[&str]) {
        for key in keys {
            let request = json!({"TableName": "things", "Item": {"pk": {"S": key}}}).to_string();
            let answer = self
                .services
                .dynamodb
                .call("DynamoDB_20120810.PutItem", request.into())
                .await
                .unwrap();
            assert_eq!(answer.status, 200);
        }
    }

    fn send(&self, bodies: &[&str]) {
        for body in bodies {
            self.services.sqs.send("tasks", &Outgoing::new(*body)).unwrap();
        }
    }

    /// The keys or bodies of each invocation so far, as the function printed them.
    fn invocations(&self) -> Vec<Vec<String>> {
        let log = std::fs::read_to_string(self.folder.path().join("logs/f.log")).unwrap();
        let events = log.lines().filter_map(|line| line.strip_prefix("got "));
        events
            .map(|event| {
                let event: Value = serde_json::from_str(event).unwrap();
                let records = event["Records"].as_array().unwrap();
                let name = |record: &Value| match &record["body"] {
                    Value::Null => record["dynamodb"]["Keys"]["pk"]["S"].as_str().unwrap().to_owned(),
                    body => body.as_str().unwrap().to_owned(),
                };
                records.iter().map(name).collect()
            })
            .collect()
    }

    /// The numbers of messages in `tasks` and `dead`, visible or not.
    fn messages(&self) -> (u64, u64) {
        let depths = self.services.sqs.depths().unwrap();
        let count = |name: &str| {
            let depth = depths.iter().find(|depth| depth.name == name).unwrap();
            depth.visible + depth.in_flight + depth.delayed
        };
        (count("tasks"), count("dead"))
    }
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(20), "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn stream_mapping() -> Mapping {
    Mapping {
        id: "FromThings".to_owned(),
        function: "f".to_owned(),
        enabled: true,
        batch_size: 100,
        window: 0,
        reports_item_failures: true,
        filters: Vec::new(),
        source: Source::Stream(StreamSource {
            table: "things".to_owned(),
            from_latest: false,
            bisect: true,
            max_retries: Some(1),
            max_record_age: None,
            on_failure: Some(OnFailure::Queue("dead".to_owned())),
        }),
    }
}

fn queue_mapping() -> Mapping {
    let source = Source::Queue {
        queue: "tasks".to_owned(),
        max_concurrency: None,
    };
    Mapping {
        id: "FromTasks".to_owned(),
        batch_size: 10,
        source,
        ..stream_mapping()
    }
}

#[tokio::test]
async fn a_record_that_always_fails_is_isolated_and_given_up() {
    let world = World::new(stream_mapping()).await;
    world.put(&["a", "b", "poison", "d"]).await;
    let mappings = world.start().await;
    until("given up", || world.messages().1 == 1).await;
    until("the rest is done", || {
        world.invocations().last() == Some(&vec!["d".to_owned()])
    })
    .await;
    let expected: [&[&str]; 6] = [
        &["a", "b", "poison", "d"],
        &["a", "b"],
        &["poison", "d"],
        &["poison"],
        &["poison"],
        &["d"],
    ];
    assert_eq!(world.invocations(), expected);

    let failure = world.services.sqs.receive("dead", 1, None).unwrap();
    let failure: Value = serde_json::from_str(&failure[0].body).unwrap();
    assert_eq!(failure["requestContext"]["condition"], "RetryAttemptsExhausted");
    assert_eq!(failure["requestContext"]["approximateInvokeCount"], 2);
    assert_eq!(failure["DDBStreamBatchInfo"]["batchSize"], 1);
    assert_eq!(failure["responseContext"]["functionError"], "Unhandled");
    drop(mappings);
}

#[tokio::test]
async fn a_stream_continues_from_the_first_failed_record_and_a_restart_after_the_last_processed_one() {
    let world = World::new(stream_mapping()).await;
    world.put(&["a", "b", "faulty", "d"]).await;
    let mappings = world.start().await;
    until("all is done", || {
        world.invocations().last() == Some(&vec!["d".to_owned()])
    })
    .await;
    assert_eq!(
        world.invocations()[..2],
        [vec!["a", "b", "faulty", "d"], vec!["faulty", "d"]]
    );
    let arn = world.services.dynamodb.stream_of("things").await.unwrap().unwrap();
    let newest = world.services.dynamodb.newest_sequence(&arn).await.unwrap();
    let all_passed = [("things".to_owned(), newest)];
    until("the checkpoint", || mappings.passed() == all_passed).await;

    drop(mappings);
    world.put(&["e"]).await;
    let _mappings = world.start().await;
    until("the new one", || {
        world.invocations().last() == Some(&vec!["e".to_owned()])
    })
    .await;
}

#[tokio::test]
async fn a_filter_skips_records_that_do_not_match() {
    let filter = json!({"dynamodb": {"Keys": {"pk": {"S": [{"prefix": "x-"}]}}}});
    let world = World::new(Mapping {
        filters: vec![filter],
        ..stream_mapping()
    })
    .await;
    world.put(&["a", "x-b", "c"]).await;
    let mappings = world.start().await;
    until("the batch", || !world.invocations().is_empty()).await;
    assert_eq!(world.invocations(), [["x-b"]]);
    let passed = || mappings.passed().into_iter().find_map(|(_, passed)| passed);
    until("all three are passed", || passed().is_some()).await;
}

#[tokio::test]
async fn latest_includes_records_from_between_the_first_start_and_a_restart() {
    let mut mapping = stream_mapping();
    let Source::Stream(source) = &mut mapping.source else {
        unreachable!()
    };
    source.from_latest = true;
    let world = World::new(mapping).await;
    world.put(&["before"]).await;
    drop(world.start().await);
    world.put(&["after"]).await;
    let _mappings = world.start().await;
    until("the batch", || !world.invocations().is_empty()).await;
    assert_eq!(world.invocations(), [["after"]]);
}

#[tokio::test]
async fn too_old_records_are_given_up_without_an_invocation() {
    let mut mapping = stream_mapping();
    let Source::Stream(source) = &mut mapping.source else {
        unreachable!()
    };
    source.max_record_age = Some(0);
    let world = World::new(mapping).await;
    world.put(&["old"]).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let _mappings = world.start().await;
    until("given up", || world.messages().1 == 1).await;
    let failure = world.services.sqs.receive("dead", 1, None).unwrap();
    assert!(failure[0].body.contains("RecordAgeExceeded"));
    assert!(world.invocations().is_empty());
}

#[tokio::test]
async fn only_the_failed_message_of_a_batch_is_received_again_and_becomes_a_dead_letter() {
    let world = World::new(queue_mapping()).await;
    world.send(&["a", "faulty", "c"]);
    let _mappings = world.start().await;
    until("two are done", || world.messages() == (1, 0)).await;
    assert_eq!(world.invocations(), [["a", "faulty", "c"]]);
    until("the third is dead", || world.messages() == (0, 1)).await;
    let dead = world.services.sqs.receive("dead", 1, None).unwrap();
    assert_eq!(dead[0].body, "faulty");
}

#[tokio::test]
async fn a_message_is_not_received_while_its_function_is_busy() {
    let world = World::new(queue_mapping()).await;
    let mut slots = Vec::new();
    while let Ok(slot) = tokio::time::timeout(Duration::from_millis(20), world.services.lambda.slot("f")).await {
        slots.push(slot);
    }
    let _mappings = world.start().await;
    world.send(&["waits"]);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let depth = world
        .services
        .sqs
        .depths()
        .unwrap()
        .into_iter()
        .find(|depth| depth.name == "tasks")
        .unwrap();
    assert_eq!((depth.visible, depth.in_flight), (1, 0));
    slots.clear();
    until("it is done", || world.messages() == (0, 0)).await;
}

/// The trace header of a message after this many invocations of `f`.
fn chain(invocations: u32) -> String {
    let mut header = Trace::of(None).header_for("another");
    for _ in 0..invocations {
        header = Trace::of(Some(&header)).header_for("f");
    }
    header
}

#[tokio::test]
async fn a_chain_is_stopped_after_sixteen_invocations_unless_the_function_allows_loops() {
    for allows_loops in [false, true] {
        let world = World::with(queue_mapping(), |function| function.allows_loops = allows_loops).await;
        for (body, invocations) in [("early", 15), ("late", 16)] {
            let message = Outgoing {
                trace: Some(chain(invocations)),
                ..Outgoing::new(body)
            };
            world.services.sqs.send("tasks", &message).unwrap();
        }
        let _mappings = world.start().await;
        if allows_loops {
            until("both are done", || world.messages() == (0, 0)).await;
            assert_eq!(world.invocations(), [["early", "late"]]);
            continue;
        }
        until("the late one is dead", || world.messages() == (0, 1)).await;
        assert_eq!(world.invocations(), [["early"]]);
        let dead = world.services.sqs.receive("dead", 1, None).unwrap().remove(0);
        assert_eq!(dead.body, "late");
        assert_eq!(Trace::of(dead.trace.as_deref()).invocations("f"), 16);
        let log = std::fs::read_to_string(world.folder.path().join("logs/f.log")).unwrap();
        assert!(log.contains("stopped a recursive loop"), "{log}");
    }
}

#[tokio::test]
async fn a_bucket_gets_the_records_that_were_given_up() {
    let mut mapping = stream_mapping();
    let Source::Stream(source) = &mut mapping.source else {
        unreachable!()
    };
    source.on_failure = Some(OnFailure::Bucket("kept".to_owned()));
    let world = World::new(mapping).await;
    world.put(&["poison"]).await;
    let _mappings = world.start().await;
    until("given up", || !world.services.s3.list("kept").unwrap().is_empty()).await;
    let (key, content) = world.services.s3.list("kept").unwrap().remove(0);
    let parts: Vec<&str> = key.split('/').collect();
    let ["aws", "lambda", mapping, shard, year, month, day, name] = parts[..] else {
        panic!("{key}")
    };
    assert_eq!(mapping.len(), 36, "{key}");
    assert!(shard.starts_with("shardId-"), "{key}");
    // The time of day, and a random UUID.
    assert_eq!(name[..11], format!("{year}-{month}-{day}T"), "{key}");
    assert_eq!(name.len(), "2026-11-23T08.00.00-".len() + 36, "{key}");

    let content: Value = serde_json::from_str(&content).unwrap();
    assert_eq!(content["requestContext"]["condition"], "RetryAttemptsExhausted");
    assert_eq!(content["DDBStreamBatchInfo"]["batchSize"], 1);
    let event: Value = serde_json::from_str(content["payload"].as_str().unwrap()).unwrap();
    assert_eq!(event["Records"][0]["dynamodb"]["Keys"]["pk"]["S"], "poison");
}
