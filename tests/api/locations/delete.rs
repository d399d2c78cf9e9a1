//! DELETE /v1/customers/{customerKey}/locations/{locationKey}

use super::{create, location_path, locations_path};
use crate::support::{World, at};
use serde_json::json;

#[tokio::test]
async fn a_deleted_location_is_not_found() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let created = create(&world, &customer, json!({})).await.expect(201);
    let path = location_path(&customer, created.key());
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
    assert!(world.all(&world.admin(), &locations_path(&customer)).await.is_empty());
}

#[tokio::test]
async fn deleting_a_location_frees_its_code_and_the_headquarters() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let fields = json!({"internalCode": "A", "isHeadquarters": true});
    let created = create(&world, &customer, fields.clone()).await.expect(201);
    world
        .delete(&world.admin(), &location_path(&customer, created.key()))
        .await
        .expect(204);
    let again = create(&world, &customer, fields).await.expect(201);
    assert_eq!(again.body["isHeadquarters"], true);
}

#[tokio::test]
async fn a_deleted_customers_location_is_not_found() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let created = create(&world, &customer, json!({})).await.expect(201);
    world.delete(&world.admin(), &at(&customer)).await.expect(204);
    world
        .delete(&world.admin(), &location_path(&customer, created.key()))
        .await
        .problem(404, "NOT_FOUND");
    world
        .patch(
            &world.admin(),
            &location_path(&customer, created.key()),
            json!({"name": "New"}),
        )
        .await
        .problem(404, "NOT_FOUND");
}
