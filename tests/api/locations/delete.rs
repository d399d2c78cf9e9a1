//! DELETE /v1/customers/{customerKey}/locations/{locationKey}

use super::{make, of, one};
use crate::support::{World, at};
use serde_json::json;

#[tokio::test]
async fn a_deleted_location_is_not_found() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let made = make(&world, &customer, json!({})).await.expect(201);
    let path = one(&customer, made.key());
    world
        .delete(&world.user("CustomerAdmin", &customer), &path)
        .await
        .expect(204);
    world.get(&world.admin(), &path).await.problem(404, "NOT_FOUND");
    world
        .patch(&world.admin(), &path, json!({"name": "Back"}))
        .await
        .problem(404, "NOT_FOUND");
    world.delete(&world.admin(), &path).await.problem(404, "NOT_FOUND");
    assert!(world.all(&world.admin(), &of(&customer)).await.is_empty());
}

#[tokio::test]
async fn deleting_a_location_frees_its_code_and_the_headquarters() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let fields = json!({"internalCode": "A", "isHeadquarters": true});
    let made = make(&world, &customer, fields.clone()).await.expect(201);
    world
        .delete(&world.admin(), &one(&customer, made.key()))
        .await
        .expect(204);
    let again = make(&world, &customer, fields).await.expect(201);
    assert_eq!(again.body["isHeadquarters"], true);
}

#[tokio::test]
async fn a_deleted_customers_location_is_not_found() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let made = make(&world, &customer, json!({})).await.expect(201);
    world.delete(&world.admin(), &at(&customer)).await.expect(204);
    world
        .delete(&world.admin(), &one(&customer, made.key()))
        .await
        .problem(404, "NOT_FOUND");
    world
        .patch(&world.admin(), &one(&customer, made.key()), json!({"name": "New"}))
        .await
        .problem(404, "NOT_FOUND");
}
