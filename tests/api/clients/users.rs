//! A client's own users, and its customer's: who reaches what of a client.

use super::{make, make_account, one};
use crate::support::{Token, World, at};
use serde_json::json;

fn user(world: &World, role: &str, account: &str, client: &str) -> Token {
    world.user(role, account).claim("clientId", json!(client))
}

#[tokio::test]
async fn a_clients_users_reach_their_client_and_its_locations() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let (client, account) = make_account(&world, &customer).await;
    let path = one(&customer, &client);
    let editor = user(&world, "ClientEditor", &account, &client);
    let read = world.get(&editor, &path).await.expect(200);
    assert_eq!(read.body["key"], client.as_str());
    world
        .patch(&editor, &path, json!({"phone": "+14155550100"}))
        .await
        .expect(200);
    let location = json!({"name": "Shop", "address": {}});
    world
        .post(&editor, &format!("{path}/locations"), location.clone())
        .await
        .expect(201);
    let viewer = user(&world, "ClientViewer", &account, &client);
    assert_eq!(world.all(&viewer, &format!("{path}/locations")).await.len(), 1);
    let refused = world
        .post(&viewer, &format!("{path}/locations"), location)
        .await
        .problem(403, "FORBIDDEN");
    assert_eq!(refused.body["details"]["permission"], "EditClient");
}

#[tokio::test]
async fn a_clients_users_reach_no_other_client_and_no_customer() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let (client, account) = make_account(&world, &customer).await;
    let other = make(&world, &customer, json!({})).await.expect(201);
    let theirs = user(&world, "CustomerAdmin", &account, &client);
    let nobody = "cli_01kb1v0c1tfr2v6krscysfnvgb";
    for path in [
        one(&customer, other.key()),
        one(&customer, nobody),
        format!("{}/locations", at(&customer)),
        format!("{}/clients", at(&customer)),
        format!("{}/hierarchy", at(&customer)),
        at(&account),
        one(&account, nobody),
    ] {
        let refused = world.get(&theirs, &path).await.problem(400, "KEY_MISMATCH");
        assert_eq!(
            (&refused.body["details"]["field"], &refused.body["details"]["claimed"]),
            (&json!("clientKey"), &json!(client)),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_user_of_another_account_does_not_reach_the_client() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let (client, account) = make_account(&world, &customer).await;
    let bare = make(&world, &customer, json!({})).await.expect(201);
    // Of the customer itself, of nobody's account, of an account that was parted from the client.
    for (of, key) in [(&customer, client.as_str()), (&account, bare.key())] {
        let refused = world
            .get(&user(&world, "CustomerAdmin", of, key), &one(&customer, key))
            .await;
        assert_eq!(
            refused.problem(400, "KEY_MISMATCH").body["details"]["field"],
            "customerKey"
        );
    }
    world
        .delete(&world.admin(), &format!("{}/account", one(&customer, &client)))
        .await
        .expect(204);
    let parted = user(&world, "ClientEditor", &account, &client);
    world
        .get(&parted, &one(&customer, &client))
        .await
        .problem(400, "KEY_MISMATCH");
}

#[tokio::test]
async fn a_parents_client_editor_manages_its_clients_accounts() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let (_, account) = make_account(&world, &customer).await;
    let (_, below) = make_account(&world, &account).await;
    let editor = world.user("ClientEditor", &customer);
    world.get(&editor, &at(&account)).await.expect(200);
    world
        .post(&editor, &format!("{}/deactivate", at(&account)), json!({}))
        .await
        .expect(200);
    world
        .post(&editor, &format!("{}/reactivate", at(&account)), json!({}))
        .await
        .expect(200);
    // Not those of its clients' clients: they are their parent's.
    world.get(&editor, &at(&below)).await.problem(400, "KEY_MISMATCH");
    world
        .get(&world.user("ClientViewer", &customer), &at(&account))
        .await
        .problem(403, "FORBIDDEN");
}
