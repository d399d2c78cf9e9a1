//! PATCH /v1/customers/{customerKey}/locations/{locationKey}

use super::{create, location_path};
use crate::support::{World, at};
use chrono::TimeDelta;
use serde_json::json;

#[tokio::test]
async fn a_patch_changes_only_its_fields() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let created = create(
        &world,
        &customer,
        json!({"notes": "old", "phone": "+14155550100", "address": {"city": "A"}}),
    )
    .await
    .expect(201);
    world.clock.forward(TimeDelta::seconds(5));
    let caller = world.user("CustomerAdmin", &customer);
    let body = json!({"notes": "new", "phone": null, "address": {"line1": "1 Main Street"}, "isActive": false});
    let patched = world
        .patch(&caller, &location_path(&customer, created.key()), body)
        .await
        .expect(200);
    assert_eq!(patched.header("etag"), Some("\"2\""));
    let mut expected = created.body.clone();
    expected.as_object_mut().unwrap().remove("phone");
    for (name, value) in [
        ("notes", json!("new")),
        (
            "address",
            json!({"city": "A", "line1": "1 Main Street", "country": "US"}),
        ),
        ("isActive", json!(false)),
        ("version", json!(2)),
        ("updatedAt", json!("2026-11-23T08:00:05.000Z")),
        ("updatedBy", json!("usr_user")),
    ] {
        expected[name] = value;
    }
    assert_eq!(patched.body, expected);
    assert_eq!(
        world
            .get(&caller, &location_path(&customer, created.key()))
            .await
            .expect(200)
            .body,
        expected
    );
}

#[tokio::test]
async fn a_patch_without_changes_writes_nothing() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let created = create(&world, &customer, json!({"internalCode": "A", "isHeadquarters": true}))
        .await
        .expect(201);
    let written = world.stream_records(0).len();
    for nothing in [
        json!({}),
        json!({"name": "Main"}),
        json!({"notes": null}),
        json!({"address": {}}),
        json!({"internalCode": "A", "isHeadquarters": true, "isActive": true}),
    ] {
        let answer = world
            .patch(
                &world.admin(),
                &location_path(&customer, created.key()),
                nothing.clone(),
            )
            .await
            .expect(200);
        assert_eq!(
            (answer.header("etag"), &answer.body),
            (Some("\"1\""), &created.body),
            "{nothing}"
        );
    }
    assert_eq!(world.stream_records(0).len(), written);
}

#[tokio::test]
async fn each_invalid_field_is_named() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let created = create(&world, &customer, json!({})).await.expect(201);
    for (body, invalid) in [
        (json!({"name": null}), vec!["name"]),
        (json!({"address": null}), vec!["address"]),
        (
            json!({"address": {"country": "??", "zip": "1"}, "email": "x"}),
            vec!["address.country", "address.zip", "email"],
        ),
        (json!({"isHeadquarters": null}), vec!["isHeadquarters"]),
        (json!({"key": created.key()}), vec!["key"]),
        (json!({"version": 1, "colour": "red"}), vec!["version", "colour"]),
    ] {
        let mut named = world
            .patch(&world.admin(), &location_path(&customer, created.key()), body.clone())
            .await
            .invalid_fields();
        let mut invalid = invalid;
        named.sort();
        invalid.sort();
        assert_eq!(named, invalid, "{body}");
    }
}

#[tokio::test]
async fn changing_a_code_frees_the_old_one() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let a = create(&world, &customer, json!({"internalCode": "A"}))
        .await
        .expect(201);
    let b = create(&world, &customer, json!({"internalCode": "B"}))
        .await
        .expect(201);
    let patch = async |location: &str, code| {
        world
            .patch(
                &world.admin(),
                &location_path(&customer, location),
                json!({"internalCode": code}),
            )
            .await
    };
    let taken = patch(b.key(), json!("A")).await.problem(409, "CONFLICT");
    assert_eq!(taken.body["details"], json!({"field": "internalCode"}));
    patch(a.key(), json!("C")).await.expect(200);
    patch(b.key(), json!("A")).await.expect(200);
    patch(a.key(), json!(null)).await.expect(200);
    create(&world, &customer, json!({"internalCode": "C"}))
        .await
        .expect(201);
}

#[tokio::test]
async fn concurrent_patches_are_both_applied() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let created = create(&world, &customer, json!({})).await.expect(201);
    let (admin, path) = (world.admin(), location_path(&customer, created.key()));
    let (name, notes) = tokio::join!(
        world.patch(&admin, &path, json!({"name": "New"})),
        world.patch(&admin, &path, json!({"notes": "new"}))
    );
    name.expect(200);
    notes.expect(200);
    let read = world.get(&admin, &path).await.expect(200).body;
    assert_eq!(
        (&read["name"], &read["notes"], &read["version"]),
        (&json!("New"), &json!("new"), &json!(3))
    );
}

#[tokio::test]
async fn a_deactivated_customers_location_refuses_changes() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let created = create(&world, &customer, json!({})).await.expect(201);
    world.act(&at(&customer), "deactivate").await;
    let path = location_path(&customer, created.key());
    for body in [
        json!({"name": "New"}),
        json!({"isHeadquarters": true}),
        json!({"internalCode": "A"}),
    ] {
        world
            .patch(&world.admin(), &path, body)
            .await
            .problem(409, "CUSTOMER_DISABLED");
    }
    world
        .delete(&world.admin(), &path)
        .await
        .problem(409, "CUSTOMER_DISABLED");
    assert_eq!(
        world
            .get(&world.user("Member", &customer), &path)
            .await
            .expect(200)
            .body,
        created.body
    );
}
