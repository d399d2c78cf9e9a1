//! GET /v1/customers/external/{externalId}

use crate::support::{World, at, key_of};
use serde_json::json;

fn external(id: &str) -> String {
    format!("/v1/customers/external/{id}")
}

#[tokio::test]
async fn a_customer_is_found_by_its_external_id() {
    let world = World::new().await;
    let customer = world.customer(json!({"externalId": "crm-1"})).await;
    world.customer(json!({"externalId": "crm-2"})).await;
    let found = world.get(&world.admin(), &external("crm-1")).await.expect(200);
    assert_eq!(found.header("etag"), Some("\"1\""));
    assert_eq!(found.body, customer);
}

#[tokio::test]
async fn an_external_id_may_equal_a_word_of_another_route() {
    let world = World::new().await;
    let customer = world.customer(json!({"externalId": "audit"})).await;
    assert_eq!(
        world.get(&world.admin(), &external("audit")).await.expect(200).body,
        customer
    );
}

#[tokio::test]
async fn an_unknown_id_is_not_found() {
    let world = World::new().await;
    world.customer(json!({"externalId": "crm-1"})).await;
    for id in ["crm", "crm-11", "CRM-1"] {
        let answer = world.get(&world.admin(), &external(id)).await;
        assert_eq!(
            answer.problem(404, "NOT_FOUND").body["details"],
            json!({"entity": "Customer"})
        );
    }
}

#[tokio::test]
async fn an_overlong_id_is_not_found_and_reads_nothing() {
    let world = World::new().await;
    // DynamoDB refuses a key of more than 2,048 bytes and the embedded table does not, so the service must not send one.
    let answer = world
        .get(&world.admin(), &external(&"a".repeat(3000)))
        .await
        .problem(404, "NOT_FOUND");
    assert!(answer.requests.is_empty());
}

#[tokio::test]
async fn the_longest_id_is_found() {
    let world = World::new().await;
    let longest = "ü".repeat(200);
    let customer = world.customer(json!({"externalId": longest})).await;
    assert_eq!(
        world.get(&world.admin(), &external(&longest)).await.expect(200).body,
        customer
    );
}

#[tokio::test]
async fn an_id_is_not_found_after_its_change_or_the_customers_deletion() {
    let world = World::new().await;
    let customer = key_of(&world.customer(json!({"externalId": "old"})).await);
    world
        .patch(&world.admin(), &at(&customer), json!({"externalId": "new"}))
        .await
        .expect(200);
    world
        .get(&world.admin(), &external("old"))
        .await
        .problem(404, "NOT_FOUND");
    assert_eq!(
        world.get(&world.admin(), &external("new")).await.expect(200).key(),
        customer
    );
    world.delete(&world.admin(), &at(&customer)).await.expect(204);
    world
        .get(&world.admin(), &external("new"))
        .await
        .problem(404, "NOT_FOUND");
}
