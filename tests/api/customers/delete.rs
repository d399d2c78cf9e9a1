//! DELETE /v1/customers/{customerKey}

use crate::support::{World, at, key_of};
use serde_json::json;

#[tokio::test]
async fn a_deleted_customer_is_not_found() {
    let world = World::new().await;
    let customer = key_of(&world.tenant("Acme").await);
    let deleted = world.delete(&world.admin(), &at(&customer)).await.expect(204);
    assert_eq!((deleted.header("etag"), deleted.header("content-type")), (None, None));
    world
        .get(&world.admin(), &at(&customer))
        .await
        .problem(404, "NOT_FOUND");
    world
        .patch(&world.admin(), &at(&customer), json!({"name": "Back"}))
        .await
        .problem(404, "NOT_FOUND");
    world
        .post(&world.admin(), &format!("{}/deactivate", at(&customer)), json!({}))
        .await
        .problem(404, "NOT_FOUND");
    world
        .post(&world.admin(), &format!("{}/reactivate", at(&customer)), json!({}))
        .await
        .problem(404, "NOT_FOUND");
    world
        .delete(&world.admin(), &at(&customer))
        .await
        .problem(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_tenant_cannot_delete_itself() {
    let world = World::new().await;
    let customer = key_of(&world.tenant("Acme").await);
    let answer = world
        .delete(&world.user("CustomerAdmin", &customer), &at(&customer))
        .await;
    let details = json!({"permission": "PlatformAdminEditAllCustomers"});
    assert_eq!(answer.problem(403, "FORBIDDEN").body["details"], details);
}

#[tokio::test]
async fn deleting_a_customer_frees_its_external_id() {
    let world = World::new().await;
    let customer = key_of(&world.customer(json!({"externalId": "crm-1"})).await);
    world.delete(&world.admin(), &at(&customer)).await.expect(204);
    world.customer(json!({"externalId": "crm-1"})).await;
}

#[tokio::test]
async fn a_deactivated_customer_can_be_deleted() {
    let world = World::new().await;
    let customer = key_of(&world.tenant("Acme").await);
    world.act(&at(&customer), "deactivate").await;
    world.delete(&world.admin(), &at(&customer)).await.expect(204);
}

#[tokio::test]
async fn a_stale_etag_deletes_nothing() {
    let world = World::new().await;
    let customer = key_of(&world.tenant("Acme").await);
    world
        .patch(&world.admin(), &at(&customer), json!({"name": "Acme 2"}))
        .await
        .expect(200);
    let stale = crate::support::Call::new("DELETE", &at(&customer))
        .by(&world.admin())
        .header("if-match", "\"1\"");
    let answer = world.send(stale).await.problem(412, "VERSION_MISMATCH");
    assert_eq!(answer.body["details"], json!({"currentVersion": 2}));
    world.get(&world.admin(), &at(&customer)).await.expect(200);
}

#[tokio::test]
async fn concurrent_deletions_delete_once() {
    let world = World::new().await;
    let customer = key_of(&world.tenant("Acme").await);
    let (admin, path) = (world.admin(), at(&customer));
    let (one, two) = tokio::join!(world.delete(&admin, &path), world.delete(&admin, &path));
    let mut statuses = [one.status, two.status];
    statuses.sort();
    assert_eq!(statuses, [204, 404]);
}

#[tokio::test]
async fn a_deleted_customer_keeps_its_audit_trail() {
    let world = World::new().await;
    let customer = key_of(&world.tenant("Acme").await);
    world.delete(&world.admin(), &at(&customer)).await.expect(204);
    world.settle().await;
    let actions: Vec<_> = world
        .audit(&customer)
        .await
        .iter()
        .map(|entry| entry["action"].clone())
        .collect();
    assert_eq!(actions.len(), 2);
    assert!(actions.contains(&json!("CUSTOMER_CREATED")) && actions.contains(&json!("CUSTOMER_DELETED")));
}
