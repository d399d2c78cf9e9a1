//! Disabling and enabling a client: the request itself. `flows` tests its consequences.

use super::{client_path, create, create_with_account};
use crate::support::{Call, World};
use serde_json::json;

#[tokio::test]
async fn a_disabled_client_refuses_changes_until_it_is_enabled() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let client = create(&world, &customer, json!({})).await.expect(201);
    let path = client_path(&customer, client.key());
    let admin = world.admin();
    let disabled = world.act(&path, "disable").await;
    assert_eq!(
        (&disabled.body["isDisabled"], disabled.header("etag")),
        (&json!(true), Some("\"2\""))
    );
    world
        .patch(&admin, &path, json!({"name": "New"}))
        .await
        .problem(409, "CUSTOMER_DISABLED");
    world
        .post(&admin, &format!("{path}/account"), json!({}))
        .await
        .problem(409, "CUSTOMER_DISABLED");
    let location = json!({"name": "Shop", "address": {"line1": "1 Main Street", "city": "Springfield"}});
    world
        .post(&admin, &format!("{path}/locations"), location.clone())
        .await
        .problem(409, "CUSTOMER_DISABLED");
    world
        .post(&admin, &format!("{path}/disable"), json!({}))
        .await
        .problem(409, "CUSTOMER_DISABLED");
    let enabled = world.act(&path, "enable").await;
    assert_eq!(enabled.body["isDisabled"], false);
    world
        .post(&admin, &format!("{path}/enable"), json!({}))
        .await
        .problem(409, "CONFLICT");
    world
        .post(&admin, &format!("{path}/locations"), location)
        .await
        .expect(201);
}

#[tokio::test]
async fn a_repeated_disabling_is_replayed() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let client = create(&world, &customer, json!({})).await.expect(201);
    let path = format!("{}/disable", client_path(&customer, client.key()));
    let call = Call::new("POST", &path)
        .by(&world.admin())
        .header("idempotency-key", "k")
        .json(json!({}));
    let first = world.send(call.clone()).await.expect(200);
    let again = world.send(call).await.expect(200);
    assert_eq!(
        (again.header("idempotent-replay"), &again.body),
        (Some("true"), &first.body)
    );
}

#[tokio::test]
async fn a_client_shows_its_cascade_until_the_cascade_ends() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let (client, account) = create_with_account(&world, &customer).await;
    create(&world, &account, json!({})).await.expect(201);
    let (path, admin) = (client_path(&customer, &client), world.admin());
    for (action, state) in [("disable", "Disabling"), ("enable", "Enabling")] {
        world
            .post(&admin, &format!("{path}/{action}"), json!({}))
            .await
            .expect(200);
        let underway = world.get(&admin, &path).await.expect(200);
        assert_eq!(underway.body["cascade"], json!({"state": state, "done": 0}));
        world.settle().await;
        assert!(world.get(&admin, &path).await.expect(200).body.get("cascade").is_none());
    }
}

#[tokio::test]
async fn a_client_without_an_account_has_no_cascade() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let client = create(&world, &customer, json!({})).await.expect(201);
    let path = client_path(&customer, client.key());
    world.act(&path, "disable").await;
    assert!(
        world
            .get(&world.admin(), &path)
            .await
            .expect(200)
            .body
            .get("cascade")
            .is_none()
    );
}
