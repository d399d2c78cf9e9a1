//! GET /v1/customers/{customerKey}/locations

use super::{create, locations_path};
use crate::support::World;
use serde_json::{Value, json};

async fn names(world: &World, customer: &str, query: &str) -> Vec<Value> {
    let locations = world
        .all(
            &world.user("Member", customer),
            &format!("{}{query}", locations_path(customer)),
        )
        .await;
    locations.into_iter().map(|location| location["name"].clone()).collect()
}

#[tokio::test]
async fn the_list_shows_all_locations_and_filters_narrow_it() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    for (name, active, code) in [("a", true, "1"), ("b", false, "2"), ("c", true, "3")] {
        create(
            &world,
            &customer,
            json!({"name": name, "isActive": active, "internalCode": code}),
        )
        .await
        .expect(201);
    }
    for (query, expected) in [
        ("", vec!["a", "b", "c"]),
        ("?isActive=true", vec!["a", "c"]),
        ("?isActive=false", vec!["b"]),
        ("?internalCode=3", vec!["c"]),
        ("?internalCode=2", vec!["b"]),
        ("?internalCode=2&isActive=true", vec![]),
        ("?internalCode=2&isActive=false", vec!["b"]),
        ("?internalCode=33", vec![]),
    ] {
        assert_eq!(names(&world, &customer, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn the_list_shows_only_the_customers_locations() {
    let world = World::new().await;
    let (own, other) = (world.member_customer("Own").await, world.member_customer("Other").await);
    create(
        &world,
        &own,
        json!({"name": "own", "isHeadquarters": true, "internalCode": "A"}),
    )
    .await
    .expect(201);
    create(&world, &other, json!({"name": "other"})).await.expect(201);
    assert_eq!(names(&world, &own, "").await, ["own"]);
}

#[tokio::test]
async fn each_invalid_query_parameter_is_named() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    for (query, invalid) in [
        ("?isActive=all", "isActive"),
        ("?internalCode=", "internalCode"),
        ("?limit=1000", "limit"),
        ("?x=1", "x"),
    ] {
        assert_eq!(
            world
                .get(&world.admin(), &format!("{}{query}", locations_path(&customer)))
                .await
                .invalid_fields(),
            [invalid]
        );
    }
}

#[tokio::test]
async fn a_missing_customers_list_is_not_found() {
    let world = World::new().await;
    let answer = world
        .get(&world.admin(), &locations_path("cus_01kb1v0c1tfr2v6krscysfnvgb"))
        .await
        .problem(404, "NOT_FOUND");
    assert_eq!(answer.body["details"], json!({"entity": "Customer"}));
}
