//! The trigger table-stream: redelivered records, a bus that refuses entries or is down, unreadable records.

use crate::support::{World, at};
use serde_json::{Value, json};

fn ids(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["id"].as_str().unwrap()).collect()
}

fn sequence_number(record: &Value) -> &str {
    record["dynamodb"]["SequenceNumber"].as_str().unwrap()
}

/// The index of the record of this change to the customer.
fn record_of(records: &[Value], customer: &str, event: &str) -> usize {
    let matches = |record: &Value| {
        record["eventName"] == event
            && record["dynamodb"]["Keys"]["pk"]["S"] == format!("CUS#{customer}")
            && record["dynamodb"]["Keys"]["sk"]["S"] == "CUSTOMER"
    };
    records.iter().position(matches).unwrap()
}

/// Creates three customers and changes each once: six events.
async fn six_events() -> (World, Vec<String>) {
    let world = World::new().await;
    world.customer(json!({"bootstrapTenantKey": "acme"})).await;
    assert_eq!(world.run_trigger().await, None);
    world.spine.take();
    let mut customers = Vec::new();
    for name in ["a", "b", "c"] {
        let created = world
            .customer(json!({"name": name, "isTenantCustomer": false, "bootstrapTenantKey": "acme"}))
            .await;
        customers.push(crate::support::key_of(&created));
        world
            .patch(
                &world.admin(),
                &at(customers.last().unwrap()),
                json!({"email": "a@acme.example"}),
            )
            .await
            .expect(200);
    }
    (world, customers)
}

#[tokio::test]
async fn redelivered_records_publish_the_same_events() {
    let (world, _) = six_events().await;
    let records = world.stream_records(0);
    assert_eq!(world.trigger_on(&records).await, None);
    let first = world.spine.take();
    world.clock.forward(chrono::TimeDelta::hours(1));
    for (from, to) in [(0, records.len()), (2, records.len()), (0, records.len() - 1)] {
        assert_eq!(world.trigger_on(&records[from..to]).await, None);
        for event in world.spine.take() {
            assert!(first.contains(&event), "{event}");
        }
    }
}

#[tokio::test]
async fn every_event_has_a_unique_id() {
    let (world, customers) = six_events().await;
    world.act(&at(&customers[0]), "deactivate").await;
    assert_eq!(world.run_trigger().await, None);
    let events = world.spine.take();
    let mut unique = ids(&events);
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), 8);
}

#[tokio::test]
async fn only_refused_entries_are_sent_again() {
    let (world, _) = six_events().await;
    let before = world.spine.received_entries();
    world.spine.refuse_entries(2);
    assert_eq!(world.run_trigger().await, None);
    let events = world.spine.take();
    let mut unique = ids(&events);
    unique.sort();
    unique.dedup();
    assert_eq!((events.len(), unique.len()), (6, 6));
    assert_eq!(world.spine.received_entries() - before, 8);
}

#[tokio::test]
async fn a_batch_fails_from_the_first_unpublished_record() {
    let (world, customers) = six_events().await;
    let records = world.stream_records(0);
    let new = record_of(&records, &customers[0], "INSERT");
    world.spine.refuse_customer(Some(&customers[1]));
    let failed = world.trigger_on(&records[new..]).await;
    let first_refused = record_of(&records, &customers[1], "INSERT");
    assert_eq!(failed.as_deref(), Some(sequence_number(&records[first_refused])));
    let published: Vec<Value> = world
        .spine
        .take()
        .iter()
        .map(|event| event["customerKey"].clone())
        .collect();
    assert_eq!(
        published,
        [&customers[0], &customers[0], &customers[2], &customers[2]].map(|key| json!(key))
    );
    // The trigger continues from that record and does not publish the earlier events again.
    world.spine.refuse_customer(None);
    assert_eq!(world.trigger_on(&records[first_refused..]).await, None);
    assert!(
        world
            .spine
            .take()
            .iter()
            .all(|event| event["customerKey"] != json!(customers[0]))
    );
}

#[tokio::test]
async fn all_events_are_published_after_the_bus_recovers() {
    let (world, _) = six_events().await;
    world.spine.set_down(true);
    assert!(world.run_trigger().await.is_some());
    assert!(world.run_trigger().await.is_some());
    assert!(world.spine.take().is_empty());
    world.spine.set_down(false);
    assert_eq!(world.run_trigger().await, None);
    assert_eq!(world.spine.take().len(), 6);
}

#[tokio::test]
async fn an_unreadable_record_fails_the_rest_of_the_batch() {
    let (world, customers) = six_events().await;
    let mut records = world.stream_records(0);
    records.drain(..record_of(&records, &customers[0], "INSERT"));
    let bad = record_of(&records, &customers[1], "MODIFY");
    records[bad]["dynamodb"]["NewImage"]
        .as_object_mut()
        .unwrap()
        .remove("name");
    let failed = world.trigger_on(&records).await;
    assert_eq!(failed.as_deref(), Some(sequence_number(&records[bad])));
    let published: Vec<Value> = world
        .spine
        .take()
        .iter()
        .map(|event| json!([event["customerKey"], event["version"]]))
        .collect();
    assert_eq!(
        published,
        [
            json!([customers[0], 1]),
            json!([customers[0], 2]),
            json!([customers[1], 1])
        ]
    );
    // Lambda bisects the batch until the record is alone. Then only this record fails.
    assert_eq!(
        world.trigger_on(&records[bad..=bad]).await.as_deref(),
        Some(sequence_number(&records[bad]))
    );
    assert_eq!(world.trigger_on(&records[bad + 1..]).await, None);
    assert_eq!(world.spine.take().len(), 2);
}

#[tokio::test]
async fn every_unreadable_image_is_reported_without_a_panic() {
    let (world, customers) = six_events().await;
    let records = world.stream_records(0);
    let good = &records[record_of(&records, &customers[0], "MODIFY")];
    for missing in [
        "entity",
        "version",
        "updatedAt",
        "actor",
        "requestId",
        "type",
        "key",
        "isDisabled",
    ] {
        let mut record = good.clone();
        record["dynamodb"]["NewImage"].as_object_mut().unwrap().remove(missing);
        assert!(world.trigger_on(&[record]).await.is_some(), "{missing}");
    }
    let mut inconsistent = good.clone();
    inconsistent["dynamodb"]["NewImage"]["pk"]["S"] = json!("CUS#nobody");
    assert!(world.trigger_on(&[inconsistent]).await.is_some());
    assert!(world.spine.take().is_empty());
}

#[tokio::test]
async fn a_removal_by_ttl_is_not_published() {
    let (world, customers) = six_events().await;
    let records = world.stream_records(0);
    let mut removal = records[record_of(&records, &customers[0], "MODIFY")].clone();
    removal["eventName"] = json!("REMOVE");
    let image = removal["dynamodb"].as_object_mut().unwrap().remove("NewImage").unwrap();
    removal["dynamodb"]["OldImage"] = image;
    removal["userIdentity"] = json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"});
    assert_eq!(world.trigger_on(&[removal]).await, None);
    assert!(world.spine.take().is_empty());
}

#[tokio::test]
async fn an_empty_batch_succeeds() {
    let world = World::new().await;
    assert_eq!(world.trigger_on(&[]).await, None);
}

#[tokio::test]
async fn a_large_batch_is_sent_in_calls_of_ten() {
    let world = World::new().await;
    for n in 0..23 {
        world.tenant(&n.to_string()).await;
    }
    assert_eq!(world.run_trigger().await, None);
    // The bus of the tests fails on a call with more than ten entries.
    assert_eq!(world.spine.take().len(), 23);
}
