//! The task create-customer-location, which consumes CUSTOMER_CREATED.

use crate::support::{World, at, key_of};
use runtime::function::TaskFunction;
use serde_json::{Value, json};

fn task() -> TaskFunction {
    crate::support::task("create-customer-location")
}

/// Creates a customer. Returns its key and its event, which is not delivered yet.
async fn created(world: &World, fields: Value) -> (String, Value) {
    let customer = key_of(&world.customer(fields).await);
    assert_eq!(world.run_trigger().await, None);
    let event = world
        .spine
        .take()
        .into_iter()
        .find(|event| event["type"] == "CUSTOMER_CREATED")
        .unwrap();
    assert_eq!(event["customerKey"], json!(customer));
    (customer, event)
}

/// Delivers the event, which creates the location. Returns the location's path.
async fn created_location(world: &World, customer: &str, event: &Value) -> String {
    world.deliver(&task(), std::slice::from_ref(event)).await;
    let location = key_of(&locations(world, customer).await[0]);
    format!("{}/locations/{location}", at(customer))
}

fn with_address() -> Value {
    json!({"name": "Acme", "address": {"line1": "1 Main Street", "city": "Springfield"}})
}

/// The customer's locations, as the API lists them.
async fn locations(world: &World, customer: &str) -> Vec<Value> {
    world.all(&world.admin(), &format!("{}/locations", at(customer))).await
}

#[tokio::test]
async fn a_business_with_an_address_gets_a_headquarters() {
    let world = World::new().await;
    let (customer, event) = created(&world, with_address()).await;
    world.clock.forward(chrono::TimeDelta::seconds(3));
    assert!(world.deliver(&task(), &[event]).await.is_empty());
    let locations = locations(&world, &customer).await;
    let now = "2026-11-23T08:00:03.000Z";
    assert_eq!(
        locations,
        [json!({
            "key": locations[0]["key"], "name": "Acme",
            "address": {"line1": "1 Main Street", "city": "Springfield", "country": "US"},
            "isHeadquarters": true, "isActive": true, "version": 1,
            "createdAt": now, "updatedAt": now, "createdBy": "create-customer-location", "updatedBy": "create-customer-location",
        })]
    );
}

#[tokio::test]
async fn a_consumer_or_a_business_without_a_whole_address_gets_no_location() {
    let world = World::new().await;
    for fields in [
        json!({}),
        json!({"type": "Consumer", "address": {"line1": "1 Main Street", "city": "Springfield"}}),
        // A headquarters needs more than that.
        json!({"address": {"country": "DE"}}),
        json!({"address": {"city": "Springfield"}}),
        json!({"address": {"line1": "1 Main Street"}}),
    ] {
        let (customer, event) = created(&world, fields).await;
        assert!(world.deliver(&task(), &[event]).await.is_empty());
        assert!(locations(&world, &customer).await.is_empty());
    }
}

#[tokio::test]
async fn a_repeated_event_changes_nothing() {
    let world = World::new().await;
    let (customer, event) = created(&world, with_address()).await;
    world.deliver(&task(), std::slice::from_ref(&event)).await;
    let once = locations(&world, &customer).await;
    let written = world.stream_records(0).len();
    world.clock.forward(chrono::TimeDelta::hours(1));
    assert!(world.deliver(&task(), &[event.clone(), event.clone()]).await.is_empty());
    assert_eq!(
        (locations(&world, &customer).await, world.stream_records(0).len()),
        (once, written)
    );
}

#[tokio::test]
async fn concurrent_deliveries_create_one_location() {
    let world = World::new().await;
    let (customer, event) = created(&world, with_address()).await;
    let (task, batch) = (task(), [event]);
    let (one, two) = tokio::join!(world.deliver(&task, &batch), world.deliver(&task, &batch));
    assert!(one.is_empty() && two.is_empty());
    assert_eq!(locations(&world, &customer).await.len(), 1);
}

#[tokio::test]
async fn a_repeated_event_keeps_a_users_changes() {
    let world = World::new().await;
    let (customer, event) = created(&world, with_address()).await;
    let location = created_location(&world, &customer, &event).await;
    let changed = world
        .patch(
            &world.admin(),
            &location,
            json!({"name": "Mine", "isHeadquarters": false}),
        )
        .await
        .expect(200)
        .body;
    assert!(world.deliver(&task(), &[event]).await.is_empty());
    assert_eq!(locations(&world, &customer).await, [changed]);
}

#[tokio::test]
async fn a_repeated_event_does_not_restore_a_deleted_location() {
    let world = World::new().await;
    let (customer, event) = created(&world, with_address()).await;
    let location = created_location(&world, &customer, &event).await;
    world.delete(&world.admin(), &location).await.expect(204);
    assert!(world.deliver(&task(), &[event]).await.is_empty());
    assert!(locations(&world, &customer).await.is_empty());
}

#[tokio::test]
async fn a_headquarters_that_a_user_created_first_stays_the_headquarters() {
    let world = World::new().await;
    let (customer, event) = created(&world, with_address()).await;
    let path = format!("{}/locations", at(&customer));
    let body =
        json!({"name": "Mine", "address": {"line1": "1 Main Street", "city": "Springfield"}, "isHeadquarters": true});
    let existing = world.post(&world.admin(), &path, body).await.expect(201).body;
    assert!(world.deliver(&task(), &[event]).await.is_empty());
    let all = locations(&world, &customer).await;
    assert_eq!(all.len(), 2);
    for location in &all {
        assert_eq!(location["isHeadquarters"], json!(key_of(location) == key_of(&existing)));
    }
    assert!(all.contains(&existing));
}

#[tokio::test]
async fn deactivating_the_customer_before_or_after_gives_the_same_location() {
    let mut results = Vec::new();
    for deactivated_first in [true, false] {
        let world = World::new().await;
        let (customer, event) = created(&world, with_address()).await;
        let path = format!("{}/deactivate", at(&customer));
        if deactivated_first {
            world.post(&world.admin(), &path, json!({})).await.expect(200);
        }
        assert!(world.deliver(&task(), &[event]).await.is_empty());
        if !deactivated_first {
            world.post(&world.admin(), &path, json!({})).await.expect(200);
        }
        results.push(locations(&world, &customer).await);
    }
    assert_eq!(results[0].len(), 1);
    assert_eq!(results[0], results[1]);
}

#[tokio::test]
async fn the_location_gets_the_customers_current_name_and_address() {
    let world = World::new().await;
    let (customer, event) = created(&world, with_address()).await;
    let change = json!({"name": "New", "address": {"line1": "2 Side Street", "city": "Shelbyville"}});
    world.patch(&world.admin(), &at(&customer), change).await.expect(200);
    let (failed, requests) = world.deliver_recorded(&task(), &[event]).await;
    assert!(failed.is_empty());
    // The first write finds that the event is late, and what the customer is now.
    assert_eq!(requests, ["TransactWriteItems", "TransactWriteItems"]);
    let locations = locations(&world, &customer).await;
    assert_eq!(
        (&locations[0]["name"], &locations[0]["address"]["city"]),
        (&json!("New"), &json!("Shelbyville"))
    );
}

#[tokio::test]
async fn a_current_event_takes_one_request() {
    let world = World::new().await;
    let (_, event) = created(&world, with_address()).await;
    let (failed, requests) = world.deliver_recorded(&task(), &[event]).await;
    assert_eq!((failed.len(), requests), (0, vec!["TransactWriteItems".to_owned()]));
}

#[tokio::test]
async fn an_address_that_was_cleared_gives_no_location() {
    let world = World::new().await;
    let (customer, event) = created(&world, with_address()).await;
    let cleared = json!({"address": null});
    world.patch(&world.admin(), &at(&customer), cleared).await.expect(200);
    assert!(world.deliver(&task(), &[event]).await.is_empty());
    assert!(locations(&world, &customer).await.is_empty());
}

#[tokio::test]
async fn an_image_of_another_customer_gives_no_location() {
    let world = World::new().await;
    let (customer, event) = created(&world, with_address()).await;
    let foreign = json!({"name": "Other", "address": {"line1": "9 Far Away", "city": "Elsewhere"}});
    let (_, other) = created(&world, foreign).await;
    let mut mixed = event.clone();
    mixed["after"] = other["after"].clone();
    assert!(world.deliver(&task(), &[mixed.clone()]).await.is_empty());
    assert_eq!(locations_written(&world), 0);
    // The image claims to be the customer's, but the table knows better.
    mixed["after"]["key"] = json!(customer);
    assert!(world.deliver(&task(), &[mixed]).await.is_empty());
    let locations = locations(&world, &customer).await;
    assert_eq!(locations.len(), 1);
    assert_eq!(
        (&locations[0]["name"], &locations[0]["address"]["city"]),
        (&json!("Acme"), &json!("Springfield"))
    );
}

#[tokio::test]
async fn a_deleted_customer_gets_no_location() {
    let world = World::new().await;
    let (customer, event) = created(&world, with_address()).await;
    world.delete(&world.admin(), &at(&customer)).await.expect(204);
    assert!(world.deliver(&task(), &[event]).await.is_empty());
    assert_eq!(locations_written(&world), 0);
}

#[tokio::test]
async fn a_delivery_racing_the_deletion_creates_at_most_one_location() {
    let world = World::new().await;
    let (customer, event) = created(&world, with_address()).await;
    let (task, batch, admin, path) = (task(), [event], world.admin(), at(&customer));
    let (failed, deletion) = tokio::join!(world.deliver(&task, &batch), world.delete(&admin, &path));
    deletion.expect(204);
    assert!(failed.is_empty());
    assert!(locations_written(&world) <= 1);
    let before = locations_written(&world);
    assert!(world.deliver(&task, &batch).await.is_empty());
    assert_eq!(locations_written(&world), before);
}

/// How often a location was written to the table.
fn locations_written(world: &World) -> usize {
    let is_location = |record: &&Value| record["dynamodb"]["NewImage"]["entity"]["S"] == "Location";
    world.stream_records(0).iter().filter(is_location).count()
}

#[tokio::test]
async fn the_task_reads_the_customer_if_the_event_has_no_images() {
    let world = World::new().await;
    let (customer, mut event) = created(&world, with_address()).await;
    event.as_object_mut().unwrap().remove("after");
    event["truncated"] = json!(true);
    assert!(world.deliver(&task(), std::slice::from_ref(&event)).await.is_empty());
    assert_eq!(locations(&world, &customer).await.len(), 1);
    let (gone, mut event) = created(&world, with_address()).await;
    event.as_object_mut().unwrap().remove("after");
    world.delete(&world.admin(), &at(&gone)).await.expect(204);
    assert!(world.deliver(&task(), &[event]).await.is_empty());
}

#[tokio::test]
async fn a_malformed_event_is_dropped() {
    let world = World::new().await;
    let (_, event) = created(&world, with_address()).await;
    let without = |name: &str| {
        let mut event = event.clone();
        event.as_object_mut().unwrap().remove(name);
        event
    };
    let with = |name: &str, value: Value| {
        let mut event = event.clone();
        event[name] = value;
        event
    };
    let bad = [
        json!("not JSON"),
        json!("{}"),
        json!("[]"),
        json!({}),
        without("customerKey"),
        without("type"),
        with("type", json!("CUSTOMER_EXPLODED")),
        with("customerKey", json!("cus_x")),
        with("after", json!({"name": "half a customer"})),
        with("after", json!(7)),
        with(
            "entity",
            json!({"kind": "Customer", "key": "cus_01kb1v0c1tfr2v6krscysfnvgb"}),
        ),
        with("entity", json!({"kind": "Client", "key": event["entity"]["key"]})),
        with(
            "entity",
            json!({"kind": "Customer", "key": "cli_01kb1v0c1tfr2v6krscysfnvgb"}),
        ),
        with("type", json!("CUSTOMER_UPDATED")),
    ];
    assert!(world.deliver(&task(), &bad).await.is_empty());
    assert_eq!(locations_written(&world), 0);
}

#[tokio::test]
async fn unknown_fields_are_ignored() {
    let world = World::new().await;
    let (customer, mut event) = created(&world, with_address()).await;
    event["mood"] = json!("good");
    event["after"]["mood"] = json!("good");
    assert!(world.deliver(&task(), &[event]).await.is_empty());
    assert_eq!(locations(&world, &customer).await.len(), 1);
}

#[tokio::test]
async fn a_failing_message_does_not_affect_the_others() {
    let world = World::new().await;
    let (one, first) = created(&world, with_address()).await;
    let (two, mut second) = created(&world, with_address()).await;
    let (three, third) = created(&world, with_address()).await;
    // The second event makes the task read the customer, and that item is unreadable. A repair is possible, so the message is retried.
    second.as_object_mut().unwrap().remove("after");
    world.remove_attribute(&two, "name").await;
    assert_eq!(
        world.deliver(&task(), &[first, second, json!("not JSON"), third]).await,
        [1]
    );
    for customer in [one, three] {
        assert_eq!(locations(&world, &customer).await.len(), 1);
    }
}

#[tokio::test]
async fn a_failed_message_succeeds_after_the_item_is_repaired() {
    let world = World::new().await;
    let (customer, mut event) = created(&world, with_address()).await;
    event.as_object_mut().unwrap().remove("after");
    world.remove_attribute(&customer, "name").await;
    assert_eq!(world.deliver(&task(), std::slice::from_ref(&event)).await, [0]);
    world.set_text(&customer, "name", "Acme").await;
    assert!(world.deliver(&task(), &[event]).await.is_empty());
    assert_eq!(locations(&world, &customer).await.len(), 1);
}

struct Panics;

impl runtime::Task for Panics {
    const SPEC: runtime::TaskSpec = runtime::TaskSpec::new(
        "panics",
        "Panics at an event whose request id is bad.",
        &[events::EventType::created::<domain::customer::Customer>()],
    );
    type Cursor = std::convert::Infallible;

    async fn run(_: &runtime::Context, job: runtime::Job) -> domain::Result<runtime::Outcome> {
        assert_ne!(job.event.request_id, "bad");
        Ok(runtime::Outcome::Done)
    }
}

#[tokio::test]
async fn a_panic_fails_only_its_message() {
    let world = World::new().await;
    let (_, good) = created(&world, with_address()).await;
    let mut bad = good.clone();
    bad["requestId"] = json!("bad");
    let runtime::Function::Task(panics) = runtime::Function::task::<Panics>() else {
        unreachable!()
    };
    assert_eq!(
        world.deliver(&panics, &[good.clone(), bad.clone(), good, bad]).await,
        [1, 3]
    );
}
