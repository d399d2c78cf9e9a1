//! /v1/customers/{customerKey}/partition-groups and …/partitions

use crate::support::{Answer, Call, World, at, key_of, with_fields};
use serde_json::{Value, json};

/// Creates a customer and returns its path.
async fn customer(world: &World) -> String {
    at(&key_of(&world.customer(json!({})).await))
}

async fn group(world: &World, customer: &str, name: &str) -> Answer {
    let path = format!("{customer}/partition-groups");
    world.post(&world.admin(), &path, json!({"name": name})).await
}

async fn partition(world: &World, customer: &str, name: &str, fields: Value) -> Answer {
    let body = with_fields(json!({"name": name, "environment": "prod"}), fields);
    world
        .post(&world.admin(), &format!("{customer}/partitions"), body)
        .await
}

#[tokio::test]
async fn a_group_and_a_partition_can_be_created_changed_and_deleted() {
    let world = World::new().await;
    let admin = world.admin();
    let customer = customer(&world).await;
    let group = group(&world, &customer, "Europe").await.expect(201);
    assert!(group.key().starts_with("pgr_"));
    assert_eq!(group.requests, ["TransactWriteItems"]);
    let created = partition(&world, &customer, "Orders", json!({"groupKey": group.key()}))
        .await
        .expect(201);
    assert!(created.key().starts_with("ptn_"));
    assert_eq!(created.requests, ["TransactWriteItems"]);
    assert_eq!(
        created.header("location"),
        Some(format!("{customer}/partitions/{}", created.key()).as_str())
    );
    let path = format!("{customer}/partitions/{}", created.key());
    let read = world.get(&admin, &path).await.expect(200);
    assert_eq!(read.body, created.body);
    assert_eq!(read.requests, ["GetItem"]);
    let patched = world
        .patch(&admin, &path, json!({"description": "All of them", "name": "Sales"}))
        .await
        .expect(200);
    assert_eq!(
        (&patched.body["name"], &patched.body["version"]),
        (&json!("Sales"), &json!(2))
    );
    let same = world.patch(&admin, &path, json!({"name": "Sales"})).await.expect(200);
    assert_eq!(same.body["version"], 2);
    world.delete(&admin, &path).await.expect(204);
    world.get(&admin, &path).await.problem(404, "NOT_FOUND");
    let group = format!("{customer}/partition-groups/{}", group.key());
    world.patch(&admin, &group, json!({"name": "EMEA"})).await.expect(200);
    world.delete(&admin, &group).await.expect(204);
    world.get(&admin, &group).await.problem(404, "NOT_FOUND");
}

#[tokio::test]
async fn each_invalid_field_is_named() {
    let world = World::new().await;
    let customer = customer(&world).await;
    let bad = json!({"name": "", "environment": "live", "groupKey": "pgr_x", "key": "x", "what": 1});
    let mut invalid = partition(&world, &customer, "x", bad).await.invalid_fields();
    invalid.sort();
    assert_eq!(invalid, ["environment", "groupKey", "key", "name", "what"]);
    let created = partition(&world, &customer, "One", json!({})).await.expect(201);
    let path = format!("{customer}/partitions/{}", created.key());
    let refused_patch = world
        .patch(&world.admin(), &path, json!({"environment": "qa", "name": null}))
        .await;
    assert_eq!(refused_patch.invalid_fields(), ["name", "environment"]);
}

#[tokio::test]
async fn names_are_unique_within_the_customer_and_freed_on_deletion() {
    let world = World::new().await;
    let admin = world.admin();
    let (one, other) = (customer(&world).await, customer(&world).await);
    let first = partition(&world, &one, "Orders", json!({})).await.expect(201);
    let taken = partition(&world, &one, "Orders", json!({"environment": "qa"}))
        .await
        .problem(409, "CONFLICT");
    assert_eq!(taken.body["details"]["field"], "name");
    partition(&world, &other, "Orders", json!({})).await.expect(201);
    group(&world, &one, "Orders").await.expect(201);
    group(&world, &one, "Orders").await.problem(409, "CONFLICT");
    let second = partition(&world, &one, "Sales", json!({})).await.expect(201);
    let second = format!("{one}/partitions/{}", second.key());
    world
        .patch(&admin, &second, json!({"name": "Orders"}))
        .await
        .problem(409, "CONFLICT");
    world
        .delete(&admin, &format!("{one}/partitions/{}", first.key()))
        .await
        .expect(204);
    world
        .patch(&admin, &second, json!({"name": "Orders"}))
        .await
        .expect(200);
    partition(&world, &one, "Sales", json!({})).await.expect(201);
}

#[tokio::test]
async fn a_group_with_partitions_cannot_be_deleted() {
    let world = World::new().await;
    let admin = world.admin();
    let customer = customer(&world).await;
    let (one, other) = (
        group(&world, &customer, "One").await.expect(201),
        group(&world, &customer, "Other").await.expect(201),
    );
    let at_group = |group: &Answer| format!("{customer}/partition-groups/{}", group.key());
    let first = partition(&world, &customer, "A", json!({"groupKey": one.key()}))
        .await
        .expect(201);
    let second = partition(&world, &customer, "B", json!({"groupKey": one.key()}))
        .await
        .expect(201);
    let at_partition = |partition: &Answer| format!("{customer}/partitions/{}", partition.key());
    world.delete(&admin, &at_group(&one)).await.problem(409, "NOT_EMPTY");
    let moved = world
        .patch(&admin, &at_partition(&first), json!({"groupKey": other.key()}))
        .await
        .expect(200);
    assert_eq!(moved.body["groupKey"], other.key());
    world.delete(&admin, &at_group(&one)).await.problem(409, "NOT_EMPTY");
    world.delete(&admin, &at_partition(&second)).await.expect(204);
    world.delete(&admin, &at_group(&one)).await.expect(204);
    world.delete(&admin, &at_group(&other)).await.problem(409, "NOT_EMPTY");
    world
        .patch(&admin, &at_partition(&first), json!({"groupKey": null}))
        .await
        .expect(200);
    world.delete(&admin, &at_group(&other)).await.expect(204);
    let gone = world
        .patch(&admin, &at_partition(&first), json!({"groupKey": one.key()}))
        .await;
    assert_eq!(gone.invalid_fields(), ["groupKey"]);
}

#[tokio::test]
async fn another_customers_group_is_refused() {
    let world = World::new().await;
    let (one, other) = (customer(&world).await, customer(&world).await);
    let other_group = group(&world, &other, "Theirs").await.expect(201);
    let refused = partition(&world, &one, "A", json!({"groupKey": other_group.key()})).await;
    assert_eq!(refused.invalid_fields(), ["groupKey"]);
    let own_partition = partition(&world, &one, "A", json!({})).await.expect(201);
    let path = format!("{one}/partitions/{}", own_partition.key());
    let refused = world
        .patch(&world.admin(), &path, json!({"groupKey": other_group.key()}))
        .await;
    assert_eq!(refused.invalid_fields(), ["groupKey"]);
    world
        .delete(
            &world.admin(),
            &format!("{other}/partition-groups/{}", other_group.key()),
        )
        .await
        .expect(204);
}

#[tokio::test]
async fn either_a_groups_deletion_or_a_concurrent_creation_in_it_succeeds() {
    for _ in 0..5 {
        let world = World::new().await;
        let customer = customer(&world).await;
        let group = group(&world, &customer, "G").await.expect(201);
        let path = format!("{customer}/partition-groups/{}", group.key());
        let admin = world.admin();
        let (deleted, created) = tokio::join!(
            world.delete(&admin, &path),
            partition(&world, &customer, "A", json!({"groupKey": group.key()}))
        );
        assert_ne!(
            deleted.status == 204,
            created.status == 201,
            "{} {}",
            deleted.status,
            created.status
        );
    }
}

#[tokio::test]
async fn lists_are_filtered_by_group_and_environment() {
    let world = World::new().await;
    let admin = world.admin();
    let customer = customer(&world).await;
    let group = group(&world, &customer, "G").await.expect(201);
    for (name, fields) in [
        ("A", json!({"groupKey": group.key()})),
        ("B", json!({"groupKey": group.key(), "environment": "dev"})),
        ("C", json!({"environment": "dev"})),
    ] {
        partition(&world, &customer, name, fields).await.expect(201);
    }
    let list = format!("{customer}/partitions");
    let named = |found: Vec<Value>| {
        found
            .iter()
            .map(|p| p["name"].as_str().unwrap().to_owned())
            .collect::<String>()
    };
    assert_eq!(named(world.all(&admin, &list).await), "ABC");
    assert_eq!(named(world.all(&admin, &format!("{list}?environment=dev")).await), "BC");
    let by_group = format!("{list}?groupKey={}", group.key());
    assert_eq!(named(world.all(&admin, &by_group).await), "AB");
    assert_eq!(
        named(world.all(&admin, &format!("{by_group}&environment=dev")).await),
        "B"
    );
    assert_eq!(world.pages(&admin, &format!("{list}?limit=2")).await.len(), 2);
    assert_eq!(
        world
            .get(&admin, &format!("{list}?environment=live"))
            .await
            .invalid_fields(),
        ["environment"]
    );
    assert_eq!(
        world.all(&admin, &format!("{customer}/partition-groups")).await.len(),
        1
    );
}

#[tokio::test]
async fn a_disabled_or_missing_customer_refuses_partition_changes() {
    let world = World::new().await;
    let admin = world.admin();
    let customer = customer(&world).await;
    let created = partition(&world, &customer, "A", json!({})).await.expect(201);
    let path = format!("{customer}/partitions/{}", created.key());
    world.act(&customer, "deactivate").await;
    partition(&world, &customer, "B", json!({}))
        .await
        .problem(409, "CUSTOMER_DISABLED");
    group(&world, &customer, "B").await.problem(409, "CUSTOMER_DISABLED");
    world
        .patch(&admin, &path, json!({"name": "C"}))
        .await
        .problem(409, "CUSTOMER_DISABLED");
    world.delete(&admin, &path).await.problem(409, "CUSTOMER_DISABLED");
    world.get(&admin, &path).await.expect(200);
    let missing = "/v1/customers/cus_01kb1v0c1tfr2v6krscysfnvgb";
    partition(&world, missing, "A", json!({}))
        .await
        .problem(404, "NOT_FOUND");
    world
        .get(&admin, &format!("{missing}/partitions"))
        .await
        .problem(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_repeated_request_creates_nothing() {
    let world = World::new().await;
    let customer = customer(&world).await;
    let call = || {
        Call::new("POST", &format!("{customer}/partitions"))
            .by(&world.admin())
            .header("idempotency-key", "one")
            .json(json!({"name": "A", "environment": "demo"}))
    };
    let first = world.send(call()).await.expect(201);
    let again = world.send(call()).await.expect(201);
    assert_eq!(
        (first.body, again.header("idempotent-replay")),
        (again.body.clone(), Some("true"))
    );
}
