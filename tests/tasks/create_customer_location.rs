//! create-customer-location, on CUSTOMER_CREATED.

use crate::support::{World, at, key_of, tasks};
use runtime::function::TaskFunction;
use serde_json::{Value, json};

fn task() -> TaskFunction {
    tasks()
        .into_iter()
        .find(|task| task.spec.name == "create-customer-location")
        .unwrap()
}

/// Makes a customer; its key and its event, not yet delivered.
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

fn with_address() -> Value {
    json!({"name": "Acme", "address": {"line1": "1 Main Street", "city": "Springfield"}})
}

async fn locations(world: &World, customer: &str) -> Vec<Value> {
    world.all(&world.admin(), &format!("{}/locations", at(customer))).await
}

#[tokio::test]
async fn a_business_with_an_address_gets_its_headquarters() {
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
async fn nobody_else_does() {
    let world = World::new().await;
    for fields in [
        json!({}),
        json!({"type": "Consumer", "address": {"city": "Springfield"}}),
    ] {
        let (customer, event) = created(&world, fields).await;
        assert!(world.deliver(&task(), &[event]).await.is_empty());
        assert!(locations(&world, &customer).await.is_empty());
    }
}

#[tokio::test]
async fn a_repeat_changes_nothing() {
    let world = World::new().await;
    let (customer, event) = created(&world, with_address()).await;
    world.deliver(&task(), std::slice::from_ref(&event)).await;
    let once = locations(&world, &customer).await;
    let written = world.stream(0).len();
    world.clock.forward(chrono::TimeDelta::hours(1));
    assert!(world.deliver(&task(), &[event.clone(), event.clone()]).await.is_empty());
    assert_eq!(
        (locations(&world, &customer).await, world.stream(0).len()),
        (once, written)
    );
}

#[tokio::test]
async fn two_deliveries_at_once_make_one() {
    let world = World::new().await;
    let (customer, event) = created(&world, with_address()).await;
    let (task, batch) = (task(), [event]);
    let (one, two) = tokio::join!(world.deliver(&task, &batch), world.deliver(&task, &batch));
    assert!(one.is_empty() && two.is_empty());
    assert_eq!(locations(&world, &customer).await.len(), 1);
}

#[tokio::test]
async fn what_was_changed_by_hand_stays_changed() {
    let world = World::new().await;
    let (customer, event) = created(&world, with_address()).await;
    world.deliver(&task(), std::slice::from_ref(&event)).await;
    let location = format!(
        "{}/locations/{}",
        at(&customer),
        key_of(&locations(&world, &customer).await[0])
    );
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
async fn what_was_deleted_by_hand_does_not_come_back() {
    let world = World::new().await;
    let (customer, event) = created(&world, with_address()).await;
    world.deliver(&task(), std::slice::from_ref(&event)).await;
    let location = format!(
        "{}/locations/{}",
        at(&customer),
        key_of(&locations(&world, &customer).await[0])
    );
    world.delete(&world.admin(), &location).await.expect(204);
    assert!(world.deliver(&task(), &[event]).await.is_empty());
    assert!(locations(&world, &customer).await.is_empty());
}

#[tokio::test]
async fn a_headquarters_made_by_hand_before_it_stays_one() {
    let world = World::new().await;
    let (customer, event) = created(&world, with_address()).await;
    let path = format!("{}/locations", at(&customer));
    let body = json!({"name": "Mine", "address": {}, "isHeadquarters": true});
    let mine = world.post(&world.admin(), &path, body).await.expect(201).body;
    assert!(world.deliver(&task(), &[event]).await.is_empty());
    let all = locations(&world, &customer).await;
    assert_eq!(all.len(), 2);
    for location in &all {
        assert_eq!(location["isHeadquarters"], json!(key_of(location) == key_of(&mine)));
    }
    assert!(all.contains(&mine));
}

#[tokio::test]
async fn it_is_made_whether_the_customer_was_deactivated_before_or_after() {
    let mut ends = Vec::new();
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
        ends.push(locations(&world, &customer).await);
    }
    assert_eq!(ends[0].len(), 1);
    assert_eq!(ends[0], ends[1]);
}

#[tokio::test]
async fn it_is_that_of_the_customer_as_it_was_made_however_late_it_comes() {
    let world = World::new().await;
    let (customer, event) = created(&world, with_address()).await;
    world
        .patch(
            &world.admin(),
            &at(&customer),
            json!({"name": "New", "address": {"city": "Shelbyville"}}),
        )
        .await
        .expect(200);
    assert!(world.deliver(&task(), &[event]).await.is_empty());
    assert_eq!(locations(&world, &customer).await[0]["address"]["city"], "Springfield");
}

#[tokio::test]
async fn a_deleted_customer_gets_none() {
    let world = World::new().await;
    let (customer, event) = created(&world, with_address()).await;
    world.delete(&world.admin(), &at(&customer)).await.expect(204);
    assert!(world.deliver(&task(), &[event]).await.is_empty());
    assert_eq!(locations_written(&world), 0);
}

#[tokio::test]
async fn a_delivery_racing_the_deletion_leaves_one_or_none_and_ends_well() {
    let world = World::new().await;
    let (customer, event) = created(&world, with_address()).await;
    let (task, batch, admin, path) = (task(), [event], world.admin(), at(&customer));
    let (left, deleted) = tokio::join!(world.deliver(&task, &batch), world.delete(&admin, &path));
    deleted.expect(204);
    assert!(left.is_empty());
    assert!(locations_written(&world) <= 1);
    let before = locations_written(&world);
    assert!(world.deliver(&task, &batch).await.is_empty());
    assert_eq!(locations_written(&world), before);
}

fn locations_written(world: &World) -> usize {
    let is_location = |record: &&Value| record["dynamodb"]["NewImage"]["entity"]["S"] == "Location";
    world.stream(0).iter().filter(is_location).count()
}

#[tokio::test]
async fn an_event_without_images_has_it_read_the_customer() {
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
async fn what_is_no_event_is_dropped() {
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
    ];
    assert!(world.deliver(&task(), &bad).await.is_empty());
    assert_eq!(locations_written(&world), 0);
}

#[tokio::test]
async fn a_field_of_tomorrow_is_no_hindrance() {
    let world = World::new().await;
    let (customer, mut event) = created(&world, with_address()).await;
    event["mood"] = json!("good");
    event["after"]["mood"] = json!("good");
    assert!(world.deliver(&task(), &[event]).await.is_empty());
    assert_eq!(locations(&world, &customer).await.len(), 1);
}

#[tokio::test]
async fn one_failing_message_does_not_touch_the_others() {
    let world = World::new().await;
    let (one, first) = created(&world, with_address()).await;
    let (two, mut second) = created(&world, with_address()).await;
    let (three, third) = created(&world, with_address()).await;
    // It has to read the customer, whose item is damaged: somebody may mend that.
    second.as_object_mut().unwrap().remove("after");
    world.damage(&two, "name").await;
    assert_eq!(
        world.deliver(&task(), &[first, second, json!("rubbish"), third]).await,
        [1]
    );
    for customer in [one, three] {
        assert_eq!(locations(&world, &customer).await.len(), 1);
    }
}

#[tokio::test]
async fn a_message_that_failed_gets_through_once_the_cause_is_gone() {
    let world = World::new().await;
    let (customer, mut event) = created(&world, with_address()).await;
    event.as_object_mut().unwrap().remove("after");
    world.damage(&customer, "name").await;
    assert_eq!(world.deliver(&task(), std::slice::from_ref(&event)).await, [0]);
    world.mend(&customer, "name", "Acme").await;
    assert!(world.deliver(&task(), &[event]).await.is_empty());
    assert_eq!(locations(&world, &customer).await.len(), 1);
}

struct Panics;

impl runtime::Task for Panics {
    const SPEC: runtime::TaskSpec = runtime::TaskSpec::new(
        "panics",
        "Panics at every second event.",
        &[events::EventType::created::<domain::customer::Customer>()],
    );

    async fn run(_: &runtime::Context, job: runtime::Job) -> domain::Result<runtime::Outcome> {
        assert_ne!(job.event.request_id, "bad");
        Ok(runtime::Outcome::Done)
    }
}

#[tokio::test]
async fn a_panic_counts_as_one_messages_failure() {
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
