//! No task trusts its event: an event that is not true, or that is of another tenant, changes nothing.

use crate::support::{Item, World, at, key_of, tasks};
use events::{Event, EventType};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use table::{entities, keys};

/// A customer with everything that a customer can have. Returns its key.
async fn full_customer(world: &World, name: &str) -> String {
    let address = json!({"line1": "1 Main Street", "city": "Springfield", "country": "US"});
    let customer = key_of(&world.customer(json!({"name": name, "address": address})).await);
    let admin = world.admin();
    let (path, mut owners) = (at(&customer), vec![at(&customer)]);
    let create = async |path: String, body: Value| world.post(&admin, &path, body).await.expect(201).body;
    let client = create(
        format!("{path}/clients"),
        json!({"name": "Client", "provisionAccount": true}),
    )
    .await;
    owners.push(format!("{path}/clients/{}", key_of(&client)));
    for owner in owners {
        create(format!("{owner}/departments"), json!({"name": "Sales"})).await;
        let location = json!({"name": "Main", "address": address});
        let location = create(format!("{owner}/locations"), location).await;
        let contact = json!({
            "type": "Billing", "firstName": "A", "lastName": "B", "phone": "+14155550100", "locationKey": location["key"],
        });
        create(format!("{owner}/contacts"), contact).await;
    }
    let group = create(format!("{path}/partition-groups"), json!({"name": "Group"})).await;
    let partition = json!({"name": "Partition", "environment": "prod", "groupKey": group["key"]});
    let partition = create(format!("{path}/partitions"), partition).await;
    let keys = format!("{path}/partitions/{}/api-keys", key_of(&partition));
    create(keys, json!({"kind": "Admin", "name": "Key"})).await;
    world.settle().await;
    customer
}

/// A live entity: the key of its client, if it belongs to one, and its fields.
struct Live {
    client: Option<String>,
    fields: Value,
}

/// The entities of one kind in a customer's partitions.
async fn live(world: &World, customer: &str, kind: &str) -> Vec<Live> {
    let view = entities::ALL.iter().find(|entry| entry.kind.name == kind).unwrap().view;
    let mut found = Vec::new();
    for item in world.items().await {
        let item: Value = serde_dynamo::from_item(item).unwrap();
        let owner = keys::owner_of_partition(item["pk"].as_str().unwrap());
        if let Some((owner, client)) = owner
            && owner.to_string() == customer
            && item["entity"] == kind
        {
            found.push(Live {
                client: client.map(|key| key.to_string()),
                fields: view(item).unwrap(),
            });
        }
    }
    found
}

/// The events of this type about an entity, with its images and without.
fn events_about(r#type: EventType, customer: &str, entity: &Live) -> [Value; 2] {
    let mut event = Event::sample(r#type);
    event["customerKey"] = json!(customer);
    event["entity"]["key"] = entity.fields["key"].clone();
    if let Some(client) = &entity.client {
        event["clientKey"] = json!(client);
    }
    let mut truncated = event.clone();
    truncated["truncated"] = json!(true);
    for image in ["before", "after"] {
        if event.get(image).is_some() {
            event[image] = entity.fields.clone();
        }
        truncated.as_object_mut().unwrap().shift_remove(image);
    }
    [event, truncated]
}

/// Every item of the table, by its keys.
async fn table(world: &World) -> BTreeMap<(String, String), Item> {
    let items = world.items().await.into_iter();
    let keyed = items.map(|item| {
        let text = |name: &str| item[name].as_s().unwrap().clone();
        ((text("pk"), text("sk")), item)
    });
    keyed.collect()
}

/// Delivers the events to every task, and expects that nothing happens: no item changes, none is written, nothing is retried or queued.
async fn expect_no_effect(world: &World, events: &[Value]) {
    let (items, written) = (table(world).await, world.stream_records(0).len());
    for task in tasks() {
        let name = task.spec.name;
        for event in events {
            let failed = world.deliver(&task, std::slice::from_ref(event)).await;
            assert!(failed.is_empty(), "{name} retries {event}");
            assert_eq!(
                world.spine.take_sent(),
                Vec::<Value>::new(),
                "{name} goes on with {event}"
            );
        }
        assert_eq!(world.stream_records(0).len(), written, "{name} writes");
    }
    assert_eq!(table(world).await, items);
}

#[tokio::test]
async fn events_about_live_entities_change_nothing() {
    let world = World::new().await;
    let customer = full_customer(&world, "Acme").await;
    let mut events = Vec::new();
    for r#type in EventType::ALL {
        let entities = live(&world, &customer, r#type.entity().name).await;
        assert!(!entities.is_empty(), "there is no {}", r#type.entity().name);
        for entity in entities {
            events.extend(events_about(*r#type, &customer, &entity));
        }
    }
    expect_no_effect(&world, &events).await;
}

#[tokio::test]
async fn events_about_another_tenants_entities_change_nothing() {
    let world = World::new().await;
    let (customer, other) = (
        full_customer(&world, "Acme").await,
        full_customer(&world, "Other").await,
    );
    let mut events = Vec::new();
    for r#type in EventType::ALL {
        for entity in live(&world, &other, r#type.entity().name).await {
            let [whole, truncated] = events_about(*r#type, &customer, &entity);
            // The entity's key is the tenant's own, and the images are the other's.
            let mut mixed = whole.clone();
            if let Some(own) = live(&world, &customer, r#type.entity().name).await.first() {
                mixed["entity"]["key"] = own.fields["key"].clone();
            }
            events.extend([whole, truncated, mixed]);
        }
    }
    expect_no_effect(&world, &events).await;
}

#[tokio::test]
async fn a_page_that_names_another_cursor_deletes_nothing_of_a_live_customer() {
    let world = World::new().await;
    let customer = full_customer(&world, "Acme").await;
    let mut messages = Vec::new();
    for r#type in EventType::ALL {
        for entity in live(&world, &customer, r#type.entity().name).await {
            let [event, _] = events_about(*r#type, &customer, &entity);
            for cursor in ["", "LOC#", "0|CLI#"] {
                messages.push(json!(json!({"detail": event, "cursor": cursor}).to_string()));
            }
        }
    }
    expect_no_effect(&world, &messages).await;
}

#[tokio::test]
async fn the_cause_is_true_for_the_events_that_the_service_publishes() {
    let world = World::new().await;
    let customer = full_customer(&world, "Acme").await;
    world.delete(&world.admin(), &at(&customer)).await.expect(204);
    world.settle().await;
    let mut remaining = world.remaining_items(&customer).await;
    // The keys are expired, and TTL deletes them.
    remaining.retain(|key| !key.contains("KEY#"));
    assert_eq!(remaining, Vec::<String>::new());
}
