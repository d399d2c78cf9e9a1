//! The trigger: redelivery, a bus that refuses or is down, records that can't be read.

use crate::support::{World, at};
use serde_json::{Value, json};

fn ids(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["id"].as_str().unwrap()).collect()
}

fn sequence_number(record: &Value) -> &str {
    record["dynamodb"]["SequenceNumber"].as_str().unwrap()
}

/// The place of the record that tells of this customer.
fn record_of(records: &[Value], customer: &str, event: &str) -> usize {
    let is_it = |record: &Value| {
        record["eventName"] == event
            && record["dynamodb"]["Keys"]["pk"]["S"] == format!("CUS#{customer}")
            && record["dynamodb"]["Keys"]["sk"]["S"] == "CUSTOMER"
    };
    records.iter().position(is_it).unwrap()
}

/// Three customers, each changed once: six events.
async fn six_events() -> (World, Vec<String>) {
    let world = World::new().await;
    world.customer(json!({"bootstrapTenantKey": "acme"})).await;
    assert_eq!(world.run_trigger().await, None);
    world.spine.take();
    let mut customers = Vec::new();
    for name in ["a", "b", "c"] {
        let made = world
            .customer(json!({"name": name, "isTenantCustomer": false, "bootstrapTenantKey": "acme"}))
            .await;
        customers.push(crate::support::key_of(&made));
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
    let records = world.stream(0);
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
    world
        .post(&world.admin(), &format!("{}/deactivate", at(&customers[0])), json!({}))
        .await
        .expect(200);
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
    let before = world.spine.offered();
    world.spine.refuse(2);
    assert_eq!(world.run_trigger().await, None);
    let events = world.spine.take();
    let mut unique = ids(&events);
    unique.sort();
    unique.dedup();
    assert_eq!((events.len(), unique.len()), (6, 6));
    assert_eq!(world.spine.offered() - before, 8);
}

#[tokio::test]
async fn a_batch_fails_from_the_first_unpublished_record() {
    let (world, customers) = six_events().await;
    let records = world.stream(0);
    let new = record_of(&records, &customers[0], "INSERT");
    world.spine.refuse_of_customer(&customers[1]);
    let failed = world.trigger_on(&records[new..]).await;
    let first_of_it = record_of(&records, &customers[1], "INSERT");
    assert_eq!(failed.as_deref(), Some(sequence_number(&records[first_of_it])));
    let through: Vec<Value> = world
        .spine
        .take()
        .iter()
        .map(|event| event["customerKey"].clone())
        .collect();
    assert_eq!(
        through,
        [&customers[0], &customers[0], &customers[2], &customers[2]].map(|key| json!(key))
    );
    // From there it goes on: what was through before that record does not come again.
    world.spine.refuse_nobody();
    assert_eq!(world.trigger_on(&records[first_of_it..]).await, None);
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
    world.spine.down(true);
    assert!(world.run_trigger().await.is_some());
    assert!(world.run_trigger().await.is_some());
    assert!(world.spine.take().is_empty());
    world.spine.down(false);
    assert_eq!(world.run_trigger().await, None);
    assert_eq!(world.spine.take().len(), 6);
}

#[tokio::test]
async fn an_unreadable_record_fails_the_rest_of_the_batch() {
    let (world, customers) = six_events().await;
    let mut records = world.stream(0);
    records.drain(..record_of(&records, &customers[0], "INSERT"));
    let bad = record_of(&records, &customers[1], "MODIFY");
    records[bad]["dynamodb"]["NewImage"]
        .as_object_mut()
        .unwrap()
        .remove("name");
    let failed = world.trigger_on(&records).await;
    assert_eq!(failed.as_deref(), Some(sequence_number(&records[bad])));
    let through: Vec<Value> = world
        .spine
        .take()
        .iter()
        .map(|event| json!([event["customerKey"], event["version"]]))
        .collect();
    assert_eq!(
        through,
        [
            json!([customers[0], 1]),
            json!([customers[0], 2]),
            json!([customers[1], 1])
        ]
    );
    // Alone, as bisection delivers it in the end, it fails alone.
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
    let records = world.stream(0);
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
    let mut elsewhere = good.clone();
    elsewhere["dynamodb"]["NewImage"]["pk"]["S"] = json!("CUS#nobody");
    assert!(world.trigger_on(&[elsewhere]).await.is_some());
    assert!(world.spine.take().is_empty());
}

#[tokio::test]
async fn a_removal_by_ttl_is_not_published() {
    let (world, customers) = six_events().await;
    let records = world.stream(0);
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
    // The bus itself refuses a call of more than ten.
    assert_eq!(world.spine.take().len(), 23);
}
