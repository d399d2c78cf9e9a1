//! POST /v1/customers/{customerKey}/locations

use super::{create, location_path, locations_path};
use crate::support::{World, at};
use serde_json::{Value, json};

#[tokio::test]
async fn a_created_location_can_be_read() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let caller = world.user("CustomerAdmin", &customer);
    let created = world
        .post(
            &caller,
            &locations_path(&customer),
            json!({"name": "Main", "address": {"city": "Springfield"}}),
        )
        .await
        .expect(201);
    assert_eq!(created.header("etag"), Some("\"1\""));
    assert_eq!(
        created.header("location"),
        Some(location_path(&customer, created.key()).as_str())
    );
    let now = "2026-11-23T08:00:00.000Z";
    assert_eq!(
        created.body,
        json!({
            "key": created.key(), "name": "Main", "address": {"city": "Springfield", "country": "US"},
            "isHeadquarters": false, "isActive": true, "version": 1,
            "createdAt": now, "updatedAt": now, "createdBy": "usr_user", "updatedBy": "usr_user",
        })
    );
    assert_eq!(
        world
            .get(&caller, &location_path(&customer, created.key()))
            .await
            .expect(200)
            .body,
        created.body
    );
}

#[tokio::test]
async fn every_field_is_returned_as_sent() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let given = json!({
        "name": "n".repeat(200), "secondaryName": "North wing", "internalCode": "c".repeat(100),
        "address": {"line1": "1 Main Street", "city": "Köln", "country": "DE"}, "isHeadquarters": true, "isActive": false,
        "website": "https://acme.example/", "phone": "+14155550100", "email": "a@acme.example", "notes": "two\nlines".repeat(200),
    });
    let created = create(&world, &customer, given.clone()).await.expect(201).body;
    for (name, value) in given.as_object().unwrap() {
        assert_eq!(&created[name], value, "{name}");
    }
}

#[tokio::test]
async fn each_invalid_field_is_named() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let long = |length: usize| "a".repeat(length);
    for (fields, invalid) in [
        (json!({"name": null}), "name"),
        (json!({"name": long(201)}), "name"),
        (json!({"secondaryName": ""}), "secondaryName"),
        (json!({"internalCode": ""}), "internalCode"),
        (json!({"internalCode": long(101)}), "internalCode"),
        (json!({"address": null}), "address"),
        (json!({"address": "Main Street"}), "address"),
        (json!({"address": {"country": "Germany"}}), "address.country"),
        (json!({"isHeadquarters": "yes"}), "isHeadquarters"),
        (json!({"isActive": 1}), "isActive"),
        (json!({"website": "acme"}), "website"),
        (json!({"phone": "1"}), "phone"),
        (json!({"email": "x"}), "email"),
        (json!({"notes": long(2001)}), "notes"),
        (json!({"notes": "a\u{0}b"}), "notes"),
        (json!({"key": "loc_01kb1v0c1tfr2v6krscysfnvgb"}), "key"),
        (json!({"version": 1}), "version"),
        (json!({"colour": "red"}), "colour"),
    ] {
        assert_eq!(
            create(&world, &customer, fields.clone()).await.invalid_fields(),
            [invalid],
            "{fields}"
        );
    }
    let all = create(
        &world,
        &customer,
        json!({"name": "", "address": {"country": 1}, "email": "x", "more": 1}),
    )
    .await
    .invalid_fields();
    assert_eq!(all, ["name", "address.country", "email", "more"]);
}

#[tokio::test]
async fn an_internal_code_is_unique_only_within_its_customer() {
    let world = World::new().await;
    let (one, two) = (world.member_customer("One").await, world.member_customer("Two").await);
    let code = json!({"internalCode": "SPR-01"});
    create(&world, &one, code.clone()).await.expect(201);
    let taken = create(&world, &one, code.clone()).await.problem(409, "CONFLICT");
    assert_eq!(taken.body["details"], json!({"field": "internalCode"}));
    create(&world, &two, code).await.expect(201);
}

#[tokio::test]
async fn concurrent_creations_with_one_code_create_one_location() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let code = || json!({"internalCode": "SPR-01"});
    let (first, second) = tokio::join!(create(&world, &customer, code()), create(&world, &customer, code()));
    let mut statuses = [first.status, second.status];
    statuses.sort();
    assert_eq!(statuses, [201, 409]);
    assert_eq!(world.all(&world.admin(), &locations_path(&customer)).await.len(), 1);
}

#[tokio::test]
async fn a_deactivated_customer_gets_no_location() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    world.act(&at(&customer), "deactivate").await;
    for fields in [json!({}), json!({"isHeadquarters": true, "internalCode": "A"})] {
        create(&world, &customer, fields)
            .await
            .problem(409, "CUSTOMER_DISABLED");
    }
}

#[tokio::test]
async fn a_missing_customer_gets_no_location() {
    let world = World::new().await;
    let gone = world.member_customer("Acme").await;
    world.delete(&world.admin(), &at(&gone)).await.expect(204);
    for customer in [gone.as_str(), "cus_01kb1v0c1tfr2v6krscysfnvgb", "malformed"] {
        for fields in [json!({}), json!({"isHeadquarters": true, "internalCode": "A"})] {
            let answer = create(&world, customer, fields).await.problem(404, "NOT_FOUND");
            assert_eq!(answer.body["details"], json!({"entity": "Customer"}));
        }
    }
}

#[tokio::test]
async fn a_creation_racing_the_customers_deletion_succeeds_or_leaves_nothing() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let (admin, path) = (world.admin(), at(&customer));
    let (deletion, creation) = tokio::join!(world.delete(&admin, &path), create(&world, &customer, json!({})));
    deletion.expect(204);
    let remaining: Vec<Value> = world.all(&admin, &locations_path(&customer)).await;
    assert_eq!(
        (creation.status, remaining.len()),
        if creation.status == 201 { (201, 1) } else { (404, 0) }
    );
}
