//! GET /v1/tenants/{bootstrapTenantKey}

use crate::support::{World, at, key_of};
use serde_json::json;

#[tokio::test]
async fn the_tenant_that_claimed_a_key_is_found_not_those_that_name_it() {
    let world = World::new().await;
    let tenant = world.customer(json!({"bootstrapTenantKey": "acme"})).await;
    world
        .customer(json!({"isTenantCustomer": false, "bootstrapTenantKey": "acme"}))
        .await;
    let found = world.get(&world.admin(), "/v1/tenants/acme").await.expect(200);
    assert_eq!(found.body, tenant);
}

#[tokio::test]
async fn a_key_that_nobody_holds_is_no_tenant() {
    let world = World::new().await;
    world
        .get(&world.admin(), "/v1/tenants/nobody")
        .await
        .problem(404, "TENANT_NOT_FOUND");
}

#[tokio::test]
async fn what_can_be_no_key_is_no_tenant_without_asking_the_table() {
    let world = World::new().await;
    let long = "a".repeat(3000);
    for key in ["-", "A B", "ab", &long] {
        let answer = world
            .get(&world.admin(), &format!("/v1/tenants/{key}"))
            .await
            .problem(404, "TENANT_NOT_FOUND");
        assert!(answer.seen.requests.is_empty(), "{key}");
    }
}

#[tokio::test]
async fn a_deleted_tenant_is_no_tenant() {
    let world = World::new().await;
    let tenant = world.customer(json!({"bootstrapTenantKey": "acme"})).await;
    world.delete(&world.admin(), &at(&key_of(&tenant))).await.expect(204);
    world
        .get(&world.admin(), "/v1/tenants/acme")
        .await
        .problem(404, "TENANT_NOT_FOUND");
}
