//! Which parts of a client its own users and its customer's users reach.

use super::{client_path, create, create_with_account};
use crate::support::{Token, World, at};
use serde_json::json;

fn user(world: &World, role: &str, account: &str, client: &str) -> Token {
    world.user(role, account).claim("clientId", json!(client))
}

#[tokio::test]
async fn a_clients_users_reach_their_client_and_its_locations() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let (client, account) = create_with_account(&world, &customer).await;
    let path = client_path(&customer, &client);
    let editor = user(&world, "ClientEditor", &account, &client);
    let read = world.get(&editor, &path).await.expect(200);
    assert_eq!(read.body["key"], client.as_str());
    world
        .patch(&editor, &path, json!({"phone": "+14155550100"}))
        .await
        .expect(200);
    let location = json!({"name": "Shop", "address": {"line1": "1 Main Street", "city": "Springfield"}});
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
    let (client, account) = create_with_account(&world, &customer).await;
    let other = create(&world, &customer, json!({})).await.expect(201);
    let caller = user(&world, "CustomerAdmin", &account, &client);
    let missing = "cli_01kb1v0c1tfr2v6krscysfnvgb";
    for path in [
        client_path(&customer, other.key()),
        client_path(&customer, missing),
        format!("{}/locations", at(&customer)),
        format!("{}/clients", at(&customer)),
        format!("{}/hierarchy", at(&customer)),
        at(&account),
        client_path(&account, missing),
    ] {
        let refused = world.get(&caller, &path).await.problem(400, "KEY_MISMATCH");
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
    let (client, account) = create_with_account(&world, &customer).await;
    let bare = create(&world, &customer, json!({})).await.expect(201);
    // A user of the customer itself claims the client, and a user of the account claims a client without an account.
    for (account, key) in [(&customer, client.as_str()), (&account, bare.key())] {
        let refused = world
            .get(
                &user(&world, "CustomerAdmin", account, key),
                &client_path(&customer, key),
            )
            .await;
        assert_eq!(
            refused.problem(400, "KEY_MISMATCH").body["details"]["field"],
            "customerKey"
        );
    }
    world
        .delete(&world.admin(), &format!("{}/account", client_path(&customer, &client)))
        .await
        .expect(204);
    let dissociated = user(&world, "ClientEditor", &account, &client);
    world
        .get(&dissociated, &client_path(&customer, &client))
        .await
        .problem(400, "KEY_MISMATCH");
}

#[tokio::test]
async fn a_parents_client_editor_manages_its_clients_accounts() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let (_, account) = create_with_account(&world, &customer).await;
    let (_, below) = create_with_account(&world, &account).await;
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
    // An account two levels below belongs to its own parent, not to this customer.
    world.get(&editor, &at(&below)).await.problem(400, "KEY_MISMATCH");
    world
        .get(&world.user("ClientViewer", &customer), &at(&account))
        .await
        .problem(403, "FORBIDDEN");
}

#[tokio::test]
async fn only_the_same_or_a_higher_capacity_enables_a_client() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let (client, account) = create_with_account(&world, &customer).await;
    let path = client_path(&customer, &client);
    let callers = [
        ("Self", user(&world, "ClientEditor", &account, &client)),
        ("Parent", world.user("TenantAdmin", &customer)),
        ("Platform", world.admin()),
    ];
    for (rank, (by, disabling)) in callers.iter().enumerate() {
        for (other, (_, enabling)) in callers.iter().enumerate() {
            let disabled = world
                .post(disabling, &format!("{path}/disable"), json!({}))
                .await
                .expect(200);
            assert_eq!(disabled.body["disabledBy"], *by);
            let answer = world.post(enabling, &format!("{path}/enable"), json!({})).await;
            if other >= rank {
                assert_eq!(answer.expect(200).body.get("disabledBy"), None);
            } else {
                answer.problem(403, "FORBIDDEN");
                assert_eq!(world.get(enabling, &path).await.expect(200).body["isDisabled"], true);
                world.act(&path, "enable").await;
            }
        }
    }
}

/// Nor does it lose its parent's decision in another way.
#[tokio::test]
async fn an_account_does_not_escape_the_disabling_of_its_client() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let (client, account) = create_with_account(&world, &customer).await;
    let path = client_path(&customer, &client);
    let (parent, own) = (
        world.user("TenantAdmin", &customer),
        user(&world, "ClientEditor", &account, &client),
    );
    world
        .post(&parent, &format!("{path}/disable"), json!({}))
        .await
        .expect(200);
    world.settle().await;
    world
        .delete(&own, &format!("{path}/account"))
        .await
        .problem(409, "CUSTOMER_DISABLED");
    world.delete(&own, &path).await.expect(204);
    world.settle().await;
    let admin_of_account = world.user("CustomerAdmin", &account);
    let shown = world.get(&admin_of_account, &at(&account)).await.expect(200).body;
    assert_eq!(
        (&shown["isDisabled"], &shown["deactivation"]["by"]),
        (&json!(true), &json!("Parent"))
    );
    world
        .post(&admin_of_account, &format!("{}/reactivate", at(&account)), json!({}))
        .await
        .problem(403, "FORBIDDEN");
}
