//! GET /v1/tenants/{bootstrapTenantKey}

use crate::support::{World, at, key_of};
use serde_json::json;

#[tokio::test]
async fn a_bootstrap_key_finds_its_tenant_and_not_the_members() {
    let world = World::new().await;
    let tenant = world.customer(json!({"bootstrapTenantKey": "acme"})).await;
    world
        .customer(json!({"isTenantCustomer": false, "bootstrapTenantKey": "acme"}))
        .await;
    let found = world.get(&world.admin(), "/v1/tenants/acme").await.expect(200);
    assert_eq!(found.body, tenant);
}

#[tokio::test]
async fn an_unknown_bootstrap_key_is_not_found() {
    let world = World::new().await;
    world
        .get(&world.admin(), "/v1/tenants/nobody")
        .await
        .problem(404, "TENANT_NOT_FOUND");
}

#[tokio::test]
async fn a_malformed_bootstrap_key_is_not_found_and_reads_nothing() {
    let world = World::new().await;
    let long = "a".repeat(3000);
    for key in ["-", "A B", "ab", &long] {
        let answer = world
            .get(&world.admin(), &format!("/v1/tenants/{key}"))
            .await
            .problem(404, "TENANT_NOT_FOUND");
        assert!(answer.requests.is_empty(), "{key}");
    }
}

#[tokio::test]
async fn a_deleted_tenant_is_not_found() {
    let world = World::new().await;
    let tenant = world.customer(json!({"bootstrapTenantKey": "acme"})).await;
    world.delete(&world.admin(), &at(&key_of(&tenant))).await.expect(204);
    world
        .get(&world.admin(), "/v1/tenants/acme")
        .await
        .problem(404, "TENANT_NOT_FOUND");
}
