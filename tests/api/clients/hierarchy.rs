//! /v1/customers/{customerKey}/hierarchy

use super::{client_path, create, create_with_account};
use crate::support::{World, at};
use serde_json::{Value, json};

#[tokio::test]
async fn the_hierarchy_shows_clients_and_accounts_down_to_the_given_depth() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let (client, account) = create_with_account(&world, &customer).await;
    let bare = create(&world, &customer, json!({"name": "Bare"})).await.expect(201);
    let (inner, innermost) = create_with_account(&world, &account).await;
    world.act(&client_path(&account, &inner), "disable").await;
    let path = format!("{}/hierarchy", at(&customer));
    let viewer = world.user("ClientViewer", &customer);
    let tree = world.get(&viewer, &path).await.expect(200).body;
    assert_eq!(
        (&tree["customerKey"], &tree["name"], &tree["nextCursor"]),
        (&json!(customer), &json!("Acme"), &Value::Null)
    );
    assert_eq!(
        tree["clients"][1],
        json!({"clientKey": bare.key(), "name": "Bare", "isDisabled": false, "account": null})
    );
    let first = &tree["clients"][0];
    assert_eq!(
        (&first["clientKey"], &first["account"]["customerKey"]),
        (&json!(client), &json!(account))
    );
    let second = &first["account"]["clients"][0];
    assert_eq!(
        (&second["clientKey"], &second["isDisabled"]),
        (&json!(inner), &json!(true))
    );
    assert_eq!(second["account"]["customerKey"], innermost.as_str());
    // The default depth is two levels. A cursor leads to the level below.
    assert_eq!(second["account"]["clients"], json!([]));
    let cursor = second["account"]["nextCursor"].as_str().unwrap();
    let rest = world
        .get(&viewer, &format!("{path}?cursor={cursor}"))
        .await
        .expect(200)
        .body;
    assert_eq!(
        (&rest["customerKey"], &rest["clients"], &rest["nextCursor"]),
        (&json!(innermost), &json!([]), &Value::Null)
    );
    let shallow = world.get(&viewer, &format!("{path}?depth=1")).await.expect(200).body;
    assert_eq!(shallow["clients"][0]["account"]["clients"], json!([]));
    let deep = world.get(&viewer, &format!("{path}?depth=8")).await.expect(200).body;
    assert_eq!(
        deep["clients"][0]["account"]["clients"][0]["account"]["nextCursor"],
        Value::Null
    );
    for depth in ["0", "9", "x"] {
        assert_eq!(
            world
                .get(&viewer, &format!("{path}?depth={depth}"))
                .await
                .invalid_fields(),
            ["depth"]
        );
    }
}

#[tokio::test]
async fn each_list_of_clients_has_its_own_pages() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let (_, account) = create_with_account(&world, &customer).await;
    for customer in [&customer, &account] {
        for n in 0..5 {
            create(&world, customer, json!({"name": format!("C{n}")}))
                .await
                .expect(201);
        }
    }
    let path = format!("{}/hierarchy?limit=2", at(&customer));
    let tree = world.get(&world.admin(), &path).await.expect(200).body;
    let mut names = Vec::new();
    let mut page = tree["clients"][0]["account"].clone();
    loop {
        assert_eq!(page["customerKey"], account.as_str());
        names.extend(page["clients"].as_array().unwrap().iter().map(|c| c["name"].clone()));
        let Some(cursor) = page["nextCursor"].as_str() else {
            break;
        };
        page = world
            .get(&world.admin(), &format!("{path}&cursor={cursor}"))
            .await
            .expect(200)
            .body;
    }
    assert_eq!(names, ["C0", "C1", "C2", "C3", "C4"]);
    let cursor = tree["nextCursor"].as_str().unwrap();
    let rest = world
        .get(&world.admin(), &format!("{path}&cursor={cursor}"))
        .await
        .expect(200)
        .body;
    assert_eq!(
        (
            rest["clients"][0]["name"].as_str(),
            rest["clients"].as_array().unwrap().len()
        ),
        (Some("C1"), 2)
    );
}

#[tokio::test]
async fn each_customer_in_the_hierarchy_takes_two_requests() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    for _ in 0..3 {
        let (_, account) = create_with_account(&world, &customer).await;
        create_with_account(&world, &account).await;
    }
    let answer = world
        .get(&world.admin(), &format!("{}/hierarchy", at(&customer)))
        .await
        .expect(200);
    assert_eq!(answer.requests.len(), 1 + 2 + 3 * 2, "{:?}", answer.requests);
}

#[tokio::test]
async fn a_cursor_into_a_dissociated_account_is_refused() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let (client, account) = create_with_account(&world, &customer).await;
    create(&world, &account, json!({})).await.expect(201);
    let path = format!("{}/hierarchy?depth=1", at(&customer));
    let tree = world.get(&world.admin(), &path).await.expect(200).body;
    let cursor = tree["clients"][0]["account"]["nextCursor"].as_str().unwrap().to_owned();
    world
        .get(&world.admin(), &format!("{path}&cursor={cursor}"))
        .await
        .expect(200);
    world
        .delete(&world.admin(), &format!("{}/account", client_path(&customer, &client)))
        .await
        .expect(204);
    assert_eq!(
        world
            .get(&world.admin(), &format!("{path}&cursor={cursor}"))
            .await
            .invalid_fields(),
        ["cursor"]
    );
    // Another tenant cannot use the cursor either.
    let other = world.member_customer("Other").await;
    let other_path = format!("{}/hierarchy?depth=1&cursor={cursor}", at(&other));
    assert_eq!(
        world.get(&world.admin(), &other_path).await.invalid_fields(),
        ["cursor"]
    );
}
