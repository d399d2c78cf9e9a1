//! The events that the trigger publishes for each change.

use crate::support::{Call, World, at, key_of};
use chrono::TimeDelta;
use serde_json::{Value, json};

fn types(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

/// Runs the trigger without the tasks, and returns the events that it published.
async fn published(world: &World) -> Vec<Value> {
    assert_eq!(world.run_trigger().await, None);
    world.spine.take()
}

#[tokio::test]
async fn every_change_to_a_customer_is_published() {
    let world = World::new().await;
    let customer = key_of(
        &world
            .customer(json!({"bootstrapTenantKey": "acme", "externalId": "crm-1", "address": {"city": "Springfield"}, "email": "a@acme.example"}))
            .await,
    );
    let (admin, path) = (world.admin(), at(&customer));
    let step = || world.clock.forward(TimeDelta::seconds(1));
    step();
    world
        .patch(
            &admin,
            &path,
            json!({"name": "New", "email": null, "externalId": "crm-2"}),
        )
        .await
        .expect(200);
    step();
    let feedback = json!({"feedback": {"reasonText": "not for events"}});
    world
        .post(&admin, &format!("{path}/deactivate"), feedback)
        .await
        .expect(200);
    step();
    world.act(&path, "reactivate").await;
    step();
    world.delete(&admin, &path).await.expect(204);
    insta::assert_json_snapshot!(published(&world).await);
}

#[tokio::test]
async fn every_change_to_a_location_is_published() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    published(&world).await;
    let (user, path) = (
        world.user("CustomerAdmin", &customer),
        format!("{}/locations", at(&customer)),
    );
    let body =
        json!({"name": "Main", "address": {"line1": "1 Main Street", "city": "Springfield"}, "internalCode": "A"});
    let location = key_of(&world.post(&user, &path, body).await.expect(201).body);
    world.clock.forward(TimeDelta::seconds(1));
    world
        .patch(
            &user,
            &format!("{path}/{location}"),
            json!({"isHeadquarters": true, "internalCode": null}),
        )
        .await
        .expect(200);
    world.clock.forward(TimeDelta::seconds(1));
    world.delete(&user, &format!("{path}/{location}")).await.expect(204);
    insta::assert_json_snapshot!(published(&world).await);
}

#[tokio::test]
async fn audit_entries_are_not_published() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    published(&world).await;
    // The table gets the audit entry of a refusal, and the entries that the trigger wrote above.
    world
        .get(&world.user("Member", &customer), &at("cus_x"))
        .await
        .problem(400, "KEY_MISMATCH");
    assert_eq!(published(&world).await, Vec::<Value>::new());
}

#[tokio::test]
async fn each_change_raises_the_version() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    for n in 0..3 {
        world
            .patch(&world.admin(), &at(&customer), json!({"name": format!("{n}")}))
            .await
            .expect(200);
    }
    world.delete(&world.admin(), &at(&customer)).await.expect(204);
    let versions: Vec<Value> = published(&world)
        .await
        .iter()
        .filter(|event| event["entity"]["key"] == json!(customer))
        .map(|event| event["version"].clone())
        .collect();
    assert_eq!(versions, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn extending_the_window_publishes_an_update() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    world.act(&at(&customer), "deactivate").await;
    published(&world).await;
    let extension = json!({"deactivation": {"windowEndsAt": "2027-01-01T00:00:00Z"}});
    world.patch(&world.admin(), &at(&customer), extension).await.expect(200);
    assert_eq!(types(&published(&world).await), ["CUSTOMER_UPDATED"]);
}

#[tokio::test]
async fn an_events_images_equal_the_apis_answers() {
    let world = World::new().await;
    let customer = world.customer(json!({"externalId": "crm-1"})).await;
    let events = published(&world).await;
    assert_eq!(events[0]["after"], customer);
    assert_eq!(events[0].get("before"), None);
    let patched = world
        .patch(&world.admin(), &at(&key_of(&customer)), json!({"name": "New"}))
        .await
        .expect(200)
        .body;
    let events = published(&world).await;
    assert_eq!((&events[0]["before"], &events[0]["after"]), (&customer, &patched));
    world.delete(&world.admin(), &at(&key_of(&customer))).await.expect(204);
    let events = published(&world).await;
    assert_eq!((&events[0]["before"], events[0].get("after")), (&patched, None));
}

#[tokio::test]
async fn an_event_over_200_kb_omits_its_images() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    published(&world).await;
    for (items, truncated) in [(900, false), (1_300, true), (2_600, true)] {
        world.set_products(&customer, items).await;
        let rename = Call::new("PATCH", &at(&customer)).by(&world.admin());
        let rename = rename.json(json!({"name": format!("with {items}")}));
        world.send_unchecked(rename).await.1.expect(200);
        let events = published(&world).await;
        let event = events.last().unwrap();
        let images = (event.get("before").is_some(), event.get("after").is_some());
        assert_eq!(images, (!truncated, !truncated), "{items}");
        assert_eq!(event.get("truncated"), truncated.then_some(&json!(true)), "{items}");
        assert_eq!(event["changed"], json!(["name"]));
        assert!(event.to_string().len() <= 200 * 1024);
    }
}

/// Creates a partition group, a partition in it and a key of the partition, and returns their paths.
async fn create_key(world: &World, customer: &str) -> (String, String, String) {
    let admin = world.admin();
    let groups = format!("{customer}/partition-groups");
    let group = world.post(&admin, &groups, json!({"name": "Group"})).await.expect(201);
    let partitions = format!("{customer}/partitions");
    let body = json!({"name": "Partition", "environment": "prod", "groupKey": group.key()});
    let partition = world.post(&admin, &partitions, body).await.expect(201);
    let partition = format!("{partitions}/{}", partition.key());
    let keys = format!("{partition}/api-keys");
    let key = world
        .post(&admin, &keys, json!({"kind": "Admin", "name": "Key"}))
        .await
        .expect(201)
        .body;
    let key = format!("{keys}/{}", key_of(&key["apiKey"]));
    (format!("{groups}/{}", group.key()), partition, key)
}

#[tokio::test]
async fn every_event_matches_its_schema() {
    let world = World::new().await;
    let customer = key_of(
        &world
            .customer(json!({"address": {"line1": "1 Main Street", "city": "Springfield"}}))
            .await,
    );
    let path = at(&customer);
    world.act(&path, "deactivate").await;
    world.act(&path, "reactivate").await;
    let mut events = world.settle().await;
    let location = key_of(&world.all(&world.admin(), &format!("{path}/locations")).await[0]);
    world
        .patch(
            &world.admin(),
            &format!("{path}/locations/{location}"),
            json!({"name": "New"}),
        )
        .await
        .expect(200);
    world
        .delete(&world.admin(), &format!("{path}/locations/{location}"))
        .await
        .expect(204);
    let body = json!({"name": "Client", "provisionAccount": true});
    let client = world
        .post(&world.admin(), &format!("{path}/clients"), body)
        .await
        .expect(201);
    let client = format!("{path}/clients/{}", client.key());
    for action in ["disable", "enable"] {
        world
            .post(&world.admin(), &format!("{client}/{action}"), json!({}))
            .await
            .expect(200);
    }
    let contact = json!({"type": "Billing", "firstName": "Ada", "lastName": "L", "phone": "+14155550100"});
    for (kind, body) in [("departments", json!({"name": "D"})), ("contacts", contact)] {
        let created = world
            .post(&world.admin(), &format!("{client}/{kind}"), body)
            .await
            .expect(201);
        let entity = format!("{client}/{kind}/{}", created.key());
        world
            .patch(&world.admin(), &entity, json!({"isActive": false}))
            .await
            .expect(200);
    }
    // A key created in the same moment as the deactivation would count as ended by it.
    world.clock.forward(chrono::TimeDelta::seconds(1));
    let (group, partition, key) = create_key(&world, &path).await;
    for path in [&group, &partition, &key] {
        world
            .patch(&world.admin(), path, json!({"name": "Other"}))
            .await
            .expect(200);
    }
    world
        .post(&world.admin(), &format!("{key}/rotate"), json!({"overlapSeconds": 0}))
        .await
        .expect(201);
    events.extend(world.settle().await);
    world.remove_by_ttl(&key).await;
    events.extend(world.settle().await);
    // The deletion of the customer deletes everything below it.
    world.delete(&world.admin(), &path).await.expect(204);
    events.extend(world.settle().await);
    for event_type in events::EventType::ALL {
        let of_type: Vec<&Value> = events
            .iter()
            .filter(|event| event["type"] == event_type.name())
            .collect();
        assert!(!of_type.is_empty(), "{}", event_type.name());
        let schema = event_type.schema();
        for event in of_type {
            for required in schema["required"].as_array().unwrap() {
                assert!(event.get(required.as_str().unwrap()).is_some(), "{required} of {event}");
            }
            for name in event.as_object().unwrap().keys() {
                assert!(
                    schema["properties"].get(name).is_some(),
                    "{name} of {}",
                    event_type.name()
                );
            }
        }
    }
}
