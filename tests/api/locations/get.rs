//! GET /v1/customers/{customerKey}/locations/{locationKey}

use super::{create, location_path};
use crate::support::World;
use serde_json::json;

#[tokio::test]
async fn a_member_reads_a_location() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let created = create(&world, &customer, json!({})).await.expect(201);
    let read = world
        .get(
            &world.user("Member", &customer),
            &location_path(&customer, created.key()),
        )
        .await
        .expect(200);
    assert_eq!((read.header("etag"), &read.body), (Some("\"1\""), &created.body));
}

#[tokio::test]
async fn an_unknown_or_malformed_key_is_not_found() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    for key in [
        "loc_01kb1v0c1tfr2v6krscysfnvgb",
        "loc_",
        "x",
        "cus_01kb1v0c1tfr2v6krscysfnvgb",
        "HEADQUARTERS",
    ] {
        let answer = world
            .get(&world.user("Member", &customer), &location_path(&customer, key))
            .await
            .problem(404, "NOT_FOUND");
        assert_eq!(answer.body["details"], json!({"entity": "Location"}), "{key}");
    }
}

#[tokio::test]
async fn another_customers_location_is_not_found() {
    let world = World::new().await;
    let (own, other) = (world.member_customer("Own").await, world.member_customer("Other").await);
    let created = create(&world, &other, json!({})).await.expect(201);
    let caller = world.user("CustomerAdmin", &own);
    let path = location_path(&own, created.key());
    world.get(&caller, &path).await.problem(404, "NOT_FOUND");
    world
        .patch(&caller, &path, json!({"name": "Mine"}))
        .await
        .problem(404, "NOT_FOUND");
    world.delete(&caller, &path).await.problem(404, "NOT_FOUND");
}
