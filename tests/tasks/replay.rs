//! The replay of changes that the stream's trigger gave up.

use crate::support::{World, at, key_of};
use serde_json::{Value, json};

const REPLAY: &str = "replay-stream-failures";

/// A world with this many customers whose records the trigger has not seen, and the records that become events.
async fn given_up(customers: usize) -> (World, Vec<Value>) {
    let world = World::new().await;
    for number in 0..customers {
        world.tenant(&format!("customer {number}")).await;
    }
    let mut records = world.stream_records(0);
    records.retain(|record| record["dynamodb"]["Keys"]["sk"]["S"] == "CUSTOMER");
    assert_eq!(records.len(), customers);
    (world, records)
}

async fn replay(world: &World) -> Value {
    world.run_standalone(REPLAY, json!({})).await.0.unwrap()
}

fn names(world: &World) -> Vec<Value> {
    let events = world.spine.take();
    events.iter().map(|event| event["after"]["name"].clone()).collect()
}

#[tokio::test]
async fn a_replay_publishes_what_was_given_up_and_writes_the_audit_trail() {
    let (world, records) = given_up(3).await;
    world.failures.keep(1, 9, &records[..2]);
    world.failures.keep(2, 1, &records[2..]);
    assert_eq!(
        replay(&world).await,
        json!({"replayed": 2, "more": false, "stoppedAt": null})
    );
    assert_eq!(names(&world), ["customer 0", "customer 1", "customer 2"]);
    assert!(world.failures.keys().is_empty());
    let key = records[2]["dynamodb"]["NewImage"]["key"]["S"].as_str().unwrap();
    assert_eq!(world.audit(key).await.len(), 1);
    assert_eq!(
        replay(&world).await,
        json!({"replayed": 0, "more": false, "stoppedAt": null})
    );
}

#[tokio::test]
async fn objects_of_one_second_are_replayed_in_the_order_of_the_stream() {
    let (world, records) = given_up(5).await;
    // The random ends of the keys are in the opposite order.
    for (index, record) in records.iter().enumerate().take(4) {
        world.failures.keep(1, 9 - index as u32, std::slice::from_ref(record));
    }
    world.failures.keep(0, 0, &records[4..]);
    assert_eq!(replay(&world).await["replayed"], 5);
    assert_eq!(
        names(&world),
        ["customer 4", "customer 0", "customer 1", "customer 2", "customer 3"]
    );
}

#[tokio::test]
async fn one_invocation_replays_a_hundred_objects_and_says_that_there_are_more() {
    let (world, records) = given_up(3).await;
    for second in 0..40 {
        for (index, record) in records.iter().enumerate() {
            world.failures.keep(second, index as u32, std::slice::from_ref(record));
        }
    }
    assert_eq!(
        replay(&world).await,
        json!({"replayed": 100, "more": true, "stoppedAt": null})
    );
    assert_eq!(world.failures.keys().len(), 20);
    assert_eq!(
        replay(&world).await,
        json!({"replayed": 20, "more": false, "stoppedAt": null})
    );
    // Repeats have the same ids.
    let events = world.spine.take();
    let ids: std::collections::BTreeSet<&str> = events.iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert_eq!((events.len(), ids.len()), (120, 3));
}

#[tokio::test]
async fn a_replay_stops_at_the_first_object_that_it_can_t_publish_and_continues_there() {
    let (world, records) = given_up(3).await;
    for (second, record) in (0..).zip(&records) {
        world.failures.keep(second, 0, std::slice::from_ref(record));
    }
    let second = world.failures.keys()[1].clone();
    let customer = records[1]["dynamodb"]["NewImage"]["key"]["S"].as_str().unwrap();
    world.spine.refuse_customer(Some(customer));
    let answer = replay(&world).await;
    assert_eq!((&answer["replayed"], &answer["more"]), (&json!(1), &json!(true)));
    assert_eq!(answer["stoppedAt"]["key"], second);
    let number = records[1]["dynamodb"]["SequenceNumber"].as_str().unwrap();
    assert!(
        answer["stoppedAt"]["reason"].as_str().unwrap().contains(number),
        "{answer}"
    );
    assert_eq!(names(&world), ["customer 0"]);
    assert_eq!(world.failures.keys().len(), 2);

    world.spine.refuse_customer(None);
    assert_eq!(replay(&world).await["replayed"], 2);
    assert_eq!(names(&world), ["customer 1", "customer 2"]);
    assert!(world.failures.keys().is_empty());
}

#[tokio::test]
async fn an_object_that_lambda_did_not_write_stops_the_replay_until_it_is_moved_away() {
    let (world, records) = given_up(1).await;
    let key = world.failures.keep(1, 1, &records);
    let good = world.failures.get(&key);
    for bad in [
        "",
        "{}",
        "not JSON",
        r#"{"DDBStreamBatchInfo": "ada@acme.example"}"#,
        r#"{"DDBStreamBatchInfo": {"startSequenceNumber": "1"}, "payload": "[]"}"#,
    ] {
        world.failures.put(&key, bad.to_owned());
        let answer = replay(&world).await;
        assert_eq!(
            (&answer["replayed"], &answer["stoppedAt"]["key"]),
            (&json!(0), &json!(key)),
            "{bad}"
        );
        assert!(!answer.to_string().contains("ada@"), "{answer}");
    }
    // As `aws s3 mv` to another folder.
    world.failures.put("set-aside/object", "not JSON".to_owned());
    world.failures.remove(&key);
    assert_eq!(replay(&world).await["more"], false);
    assert_eq!(world.failures.keys(), ["set-aside/object"]);

    world.failures.put(&key, good);
    assert_eq!(replay(&world).await["replayed"], 1);
    assert_eq!(names(&world), ["customer 0"]);
}

/// The event of an entity below a customer names its tenant, which the replay looks up.
#[tokio::test]
async fn a_replay_names_the_tenant_of_a_customers_department() {
    let world = World::new().await;
    let customer = key_of(&world.tenant("Acme").await);
    let path = format!("{}/departments", at(&customer));
    world
        .post(&world.admin(), &path, json!({"name": "Sales"}))
        .await
        .expect(201);
    let mut records = world.stream_records(0);
    records.retain(|record| record["dynamodb"]["NewImage"]["entity"]["S"] == "Department");
    assert_eq!(records.len(), 1);
    world.failures.keep(1, 1, &records);
    assert_eq!(replay(&world).await["replayed"], 1);
    let tenant = world.get(&world.admin(), &at(&customer)).await.body["bootstrapTenantKey"].clone();
    let events = world.spine.take();
    assert_eq!((events.len(), &events[0]["bootstrapTenantKey"]), (1, &tenant));
}
