//! The request id is on the answer, the events, the audit entries and the tasks' writes.

use crate::support::{World, at, key_of};
use serde_json::{Value, json};

#[tokio::test]
async fn everything_that_a_request_causes_has_its_request_id() {
    let world = World::new().await;
    let body = json!({"type": "Business", "name": "Acme", "isTenantCustomer": true, "address": {"line1": "1 Main Street", "city": "Springfield"}});
    let created = world.post(&world.admin(), "/v1/customers", body).await.expect(201);
    let id = created.header("x-request-id").unwrap();
    let events = world.settle().await;
    let with_request = |entries: &[Value], name: &str| -> Vec<(String, bool)> {
        entries
            .iter()
            .map(|entry| {
                (
                    entry[name].as_str().unwrap().to_owned(),
                    entry["requestId"] == json!(id),
                )
            })
            .collect()
    };
    assert_eq!(
        with_request(&events, "type"),
        [
            ("CUSTOMER_CREATED".into(), true),
            ("CUSTOMER_LOCATION_CREATED".into(), true)
        ]
    );
    let mut trail = with_request(&world.audit(created.key()).await, "action");
    trail.sort();
    assert_eq!(
        trail,
        [
            ("CUSTOMER_CREATED".into(), true),
            ("CUSTOMER_LOCATION_CREATED".into(), true)
        ]
    );
}

#[tokio::test]
async fn every_event_has_an_audit_entry_with_its_id() {
    let world = World::new().await;
    let customer = key_of(
        &world
            .customer(json!({"address": {"line1": "1 Main Street", "city": "Springfield"}}))
            .await,
    );
    world
        .patch(&world.admin(), &at(&customer), json!({"name": "New"}))
        .await
        .expect(200);
    world.act(&at(&customer), "deactivate").await;
    let mut events: Vec<String> = world
        .settle()
        .await
        .iter()
        .map(|event| event["id"].as_str().unwrap().to_owned())
        .collect();
    let mut trail: Vec<String> = world.audit(&customer).await.iter().map(key_of).collect();
    events.sort();
    trail.sort();
    assert_eq!(events, trail);
}

#[tokio::test]
async fn redelivered_records_add_no_audit_entries() {
    let world = World::new().await;
    let customer = key_of(&world.tenant("Acme").await);
    world.settle().await;
    let once = world.audit(&customer).await;
    assert_eq!(world.trigger_on(&world.stream_records(0)).await, None);
    assert_eq!(world.audit(&customer).await, once);
}
