//! A customer has at most one headquarters, however it is set and however many requests set it at once.

use super::{create, location_path, locations_path};
use crate::support::{TABLE, World};
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::TimeDelta;
use domain::LocationKey;
use futures_util::future::join_all;
use serde_json::{Value, json};
use table::keys;

/// The name, headquarters flag and version of each location.
async fn flags(world: &World, customer: &str) -> Vec<Value> {
    let locations = world.all(&world.admin(), &locations_path(customer)).await;
    locations
        .iter()
        .map(|location| json!([location["name"], location["isHeadquarters"], location["version"]]))
        .collect()
}

#[tokio::test]
async fn a_new_headquarters_replaces_the_old_one() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    create(&world, &customer, json!({"name": "old", "isHeadquarters": true}))
        .await
        .expect(201);
    world.clock.forward(TimeDelta::seconds(1));
    create(&world, &customer, json!({"name": "new", "isHeadquarters": true}))
        .await
        .expect(201);
    assert_eq!(
        flags(&world, &customer).await,
        [json!(["old", false, 2]), json!(["new", true, 1])]
    );
}

#[tokio::test]
async fn a_location_patched_to_headquarters_replaces_the_old_one() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    create(&world, &customer, json!({"name": "old", "isHeadquarters": true}))
        .await
        .expect(201);
    let new = create(&world, &customer, json!({"name": "new"})).await.expect(201);
    let patched = world
        .patch(
            &world.admin(),
            &location_path(&customer, new.key()),
            json!({"isHeadquarters": true}),
        )
        .await
        .expect(200);
    assert_eq!(
        (&patched.body["isHeadquarters"], &patched.body["version"]),
        (&json!(true), &json!(2))
    );
    assert_eq!(
        flags(&world, &customer).await,
        [json!(["old", false, 2]), json!(["new", true, 2])]
    );
}

#[tokio::test]
async fn both_locations_get_an_event_with_the_same_request_id() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let old = create(&world, &customer, json!({"name": "old", "isHeadquarters": true}))
        .await
        .expect(201);
    world.settle().await;
    let new = create(&world, &customer, json!({"name": "new", "isHeadquarters": true}))
        .await
        .expect(201);
    let mut events: Vec<Value> = world
        .settle()
        .await
        .iter()
        .map(|event| {
            assert_eq!(event["requestId"], new.header("x-request-id").unwrap());
            json!([
                event["type"],
                event["entity"]["key"],
                event["version"],
                event["after"]["isHeadquarters"]
            ])
        })
        .collect();
    events.sort_by_key(Value::to_string);
    let expected = [
        json!(["CUSTOMER_LOCATION_CREATED", new.key(), 1, true]),
        json!(["CUSTOMER_LOCATION_UPDATED", old.key(), 2, false]),
    ];
    assert_eq!(events, expected);
}

#[tokio::test]
async fn a_customer_has_no_headquarters_between_the_old_and_the_new_one() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let a = create(&world, &customer, json!({"name": "a", "isHeadquarters": true}))
        .await
        .expect(201);
    create(&world, &customer, json!({"name": "b"})).await.expect(201);
    world
        .patch(
            &world.admin(),
            &location_path(&customer, a.key()),
            json!({"isHeadquarters": false}),
        )
        .await
        .expect(200);
    assert_eq!(
        flags(&world, &customer).await,
        [json!(["a", false, 2]), json!(["b", false, 1])]
    );
    create(&world, &customer, json!({"name": "c", "isHeadquarters": true}))
        .await
        .expect(201);
    assert_eq!(flags(&world, &customer).await[2], json!(["c", true, 1]));
}

#[tokio::test]
async fn concurrent_requests_leave_one_headquarters() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let a = create(&world, &customer, json!({"name": "a"})).await.expect(201);
    let (admin, path) = (world.admin(), location_path(&customer, a.key()));
    let (patched, b, c) = tokio::join!(
        world.patch(&admin, &path, json!({"isHeadquarters": true})),
        create(&world, &customer, json!({"name": "b", "isHeadquarters": true})),
        create(&world, &customer, json!({"name": "c", "isHeadquarters": true})),
    );
    patched.expect(200);
    b.expect(201);
    c.expect(201);
    let holders = flags(&world, &customer)
        .await
        .into_iter()
        .filter(|flag| flag[1] == true)
        .count();
    assert_eq!(holders, 1);
}

/// The body of a location that is to be the headquarters.
fn headquarters(name: &str) -> Value {
    let address = json!({"line1": "1 Main Street", "city": "Springfield", "country": "US"});
    json!({"name": name, "isHeadquarters": true, "address": address})
}

const LOST: &str = "Other requests changed the same entity during each attempt; retry in a moment.";

#[tokio::test]
async fn many_concurrent_writers_succeed_or_are_told_to_retry() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let mut existing = Vec::new();
    for n in 0..14 {
        let body = json!({"isHeadquarters": false, "name": format!("old {n}")});
        let body = crate::support::with_fields(headquarters(""), body);
        existing.push(create(&world, &customer, body).await.expect(201).key().to_owned());
    }
    let (admin, patch) = (world.admin(), json!({"isHeadquarters": true}));
    let patches = existing.iter().map(|location| {
        let path = location_path(&customer, location);
        let (world, admin, patch) = (&world, &admin, patch.clone());
        async move { world.patch(admin, &path, patch).await }
    });
    let creations = (0..14).map(|n| create(&world, &customer, headquarters(&format!("new {n}"))));
    let (patched, created) = tokio::join!(join_all(patches), join_all(creations));
    let mut done = 0;
    for answer in patched.into_iter().chain(created) {
        if answer.status < 400 {
            done += 1;
        } else {
            assert_eq!(answer.problem(409, "CONFLICT").body["detail"], LOST);
        }
    }
    assert!(done >= 13, "only {done} of 28 writers succeeded");
    let flags = flags(&world, &customer).await;
    assert_eq!(flags.iter().filter(|flag| flag[1] == true).count(), 1);
}

#[tokio::test]
async fn a_writer_that_loses_every_attempt_is_told_to_retry() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let owner = customer.parse().unwrap();
    // The table names a headquarters that is not there, so no attempt succeeds.
    let mut item = keys::customer(owner).attributes();
    item.insert("sk".into(), AttributeValue::S("HEADQUARTERS".into()));
    item.insert("entity".into(), AttributeValue::S("Headquarters".into()));
    let gone = LocationKey::from_uuid(world.ctx.clock.uuid()).to_string();
    item.insert("locationKey".into(), AttributeValue::S(gone));
    let put = world.client.put_item().table_name(TABLE).set_item(Some(item));
    put.send().await.unwrap();
    let answer = create(&world, &customer, headquarters("Main")).await;
    let answer = answer.problem(409, "CONFLICT");
    assert_eq!(
        (&answer.body["detail"], answer.body.get("details")),
        (&json!(LOST), None)
    );
    assert!(answer.requests.len() > 13, "{} attempts", answer.requests.len());
}

#[tokio::test]
async fn a_stale_etag_does_not_replace_the_headquarters() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    create(&world, &customer, json!({"name": "old", "isHeadquarters": true}))
        .await
        .expect(201);
    let new = create(&world, &customer, json!({"name": "new"})).await.expect(201);
    let call = crate::support::Call::new("PATCH", &location_path(&customer, new.key()))
        .by(&world.admin())
        .header("if-match", "\"7\"")
        .json(json!({"isHeadquarters": true}));
    world.send(call).await.problem(412, "VERSION_MISMATCH");
    assert_eq!(
        flags(&world, &customer).await,
        [json!(["old", true, 1]), json!(["new", false, 1])]
    );
}

#[tokio::test]
async fn a_headquarters_has_a_street_and_a_city() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let headquarters = |address| json!({"isHeadquarters": true, "name": "", "address": address});
    for (address, missing) in [
        (json!({"country": "DE"}), vec!["name", "address.line1", "address.city"]),
        (
            json!({"line1": "1 Main Street", "city": null}),
            vec!["name", "address.city"],
        ),
        (json!({"city": "Springfield"}), vec!["name", "address.line1"]),
    ] {
        assert_eq!(
            create(&world, &customer, headquarters(address)).await.invalid_fields(),
            missing
        );
    }
    let shop = create(
        &world,
        &customer,
        json!({"address": {"line1": null, "city": "Springfield"}}),
    )
    .await;
    let path = location_path(&customer, shop.expect(201).key());
    let patch = async |body| world.patch(&world.admin(), &path, body).await;
    assert_eq!(
        patch(json!({"isHeadquarters": true})).await.invalid_fields(),
        ["address.line1"]
    );
    patch(json!({"isHeadquarters": true, "address": {"line1": "1 Main Street"}}))
        .await
        .expect(200);
    assert_eq!(
        patch(json!({"address": {"city": null}})).await.invalid_fields(),
        ["address.city"]
    );
    patch(json!({"isHeadquarters": false, "address": {"city": null}}))
        .await
        .expect(200);
}
