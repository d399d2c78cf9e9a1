//! Making, reading, listing and changing clients.

use super::{make, of, one};
use crate::support::{Call, World, at};
use serde_json::json;

#[tokio::test]
async fn a_created_client_can_be_read_and_listed() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let fields = json!({"email": "c@client.example", "externalId": "c-1", "business": {"industrySector": "45", "industryGroup": "4510"}});
    let made = make(&world, &customer, fields).await.expect(201);
    assert_eq!(made.header("location").unwrap(), one(&customer, made.key()));
    assert_eq!(made.body["isDisabled"], false);
    assert!(made.body.get("provisionAccount").is_none() && made.body.get("clientCustomerKey").is_none());
    let read = world
        .get(&world.user("ClientViewer", &customer), &one(&customer, made.key()))
        .await
        .expect(200);
    assert_eq!((&read.body, read.header("etag")), (&made.body, Some("\"1\"")));
    assert_eq!(read.seen.requests, ["BatchGetItem"]);
    assert_eq!(world.all(&world.admin(), &of(&customer)).await, [made.body]);
}

#[tokio::test]
async fn creating_a_client_takes_one_request_and_its_account_one_more() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let made = make(&world, &customer, json!({})).await.expect(201);
    assert_eq!(made.seen.requests, ["TransactWriteItems"]);
    let made = make(&world, &customer, json!({"provisionAccount": true}))
        .await
        .expect(201);
    assert_eq!(made.seen.requests, ["GetItem", "TransactWriteItems"]);
}

#[tokio::test]
async fn an_external_id_is_unique_only_within_its_customer() {
    let world = World::new().await;
    let (one_customer, other) = (world.member_customer("One").await, world.member_customer("Other").await);
    make(&world, &one_customer, json!({"externalId": "x"}))
        .await
        .expect(201);
    make(&world, &other, json!({"externalId": "x"})).await.expect(201);
    let taken = make(&world, &one_customer, json!({"externalId": "x"}))
        .await
        .problem(409, "CONFLICT");
    assert_eq!(taken.body["details"]["field"], "externalId");
    let second = make(&world, &one_customer, json!({"externalId": "y"}))
        .await
        .expect(201);
    let path = one(&one_customer, second.key());
    world
        .patch(&world.admin(), &path, json!({"externalId": "x"}))
        .await
        .problem(409, "CONFLICT");
    // Given up, it is free again.
    world
        .patch(&world.admin(), &path, json!({"externalId": null}))
        .await
        .expect(200);
    make(&world, &one_customer, json!({"externalId": "y"}))
        .await
        .expect(201);
}

#[tokio::test]
async fn a_patch_without_changes_keeps_the_version_and_a_stale_etag_is_refused() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let made = make(&world, &customer, json!({})).await.expect(201);
    let path = one(&customer, made.key());
    let same = world
        .patch(&world.admin(), &path, json!({"name": "Client"}))
        .await
        .expect(200);
    assert_eq!(same.body["version"], 1);
    let changed = world
        .patch(&world.admin(), &path, json!({"name": "New"}))
        .await
        .expect(200);
    assert_eq!(changed.body["version"], 2);
    let stale = Call::new("PATCH", &path)
        .by(&world.admin())
        .header("if-match", "\"1\"")
        .json(json!({"name": "X"}));
    world.send(stale).await.problem(412, "VERSION_MISMATCH");
}

#[tokio::test]
async fn fields_that_the_service_sets_are_refused() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let fields = json!({"isDisabled": true, "clientCustomerKey": "cus_01kb1v0c1tfr2v6krscysfnvgb", "logo": {}, "isAccountDisabled": true, "what": 1});
    let broken = make(&world, &customer, fields).await.broken();
    assert_eq!(
        broken,
        ["logo", "isDisabled", "clientCustomerKey", "isAccountDisabled", "what"]
    );
    let made = make(&world, &customer, json!({})).await.expect(201);
    let patch = json!({"provisionAccount": true});
    assert_eq!(
        world
            .patch(&world.admin(), &one(&customer, made.key()), patch)
            .await
            .broken(),
        ["provisionAccount"]
    );
}

#[tokio::test]
async fn an_industry_group_outside_its_sector_is_refused() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let business = json!({"business": {"industrySector": "10", "industryGroup": "4510"}});
    assert_eq!(
        make(&world, &customer, business.clone()).await.broken(),
        ["business.industryGroup"]
    );
    let made = make(&world, &customer, json!({})).await.expect(201);
    let path = one(&customer, made.key());
    assert_eq!(
        world.patch(&world.admin(), &path, business).await.broken(),
        ["business.industryGroup"]
    );
}

#[tokio::test]
async fn a_deactivated_or_deleted_customer_refuses_client_changes() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let made = make(&world, &customer, json!({})).await.expect(201);
    world
        .post(&world.admin(), &format!("{}/deactivate", at(&customer)), json!({}))
        .await
        .expect(200);
    make(&world, &customer, json!({}))
        .await
        .problem(409, "CUSTOMER_DISABLED");
    // At once, before any task has marked the client.
    let path = one(&customer, made.key());
    world
        .patch(&world.admin(), &path, json!({"name": "New"}))
        .await
        .problem(409, "CUSTOMER_DISABLED");
    world
        .post(&world.admin(), &format!("{path}/disable"), json!({}))
        .await
        .problem(409, "CUSTOMER_DISABLED");
    world
        .delete(&world.admin(), &path)
        .await
        .problem(409, "CUSTOMER_DISABLED");
    world.delete(&world.admin(), &at(&customer)).await.expect(204);
    let gone = make(&world, &customer, json!({})).await.problem(404, "NOT_FOUND");
    assert_eq!(gone.body["details"]["entity"], "Customer");
}

#[tokio::test]
async fn the_client_list_has_filters_and_pages() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let mut keys = Vec::new();
    for n in 0..7 {
        keys.push(
            make(&world, &customer, json!({"externalId": format!("x-{n}")}))
                .await
                .expect(201)
                .key()
                .to_owned(),
        );
    }
    world
        .post(
            &world.admin(),
            &format!("{}/disable", one(&customer, &keys[3])),
            json!({}),
        )
        .await
        .expect(200);
    let pages = world.pages(&world.admin(), &format!("{}?limit=3", of(&customer))).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 1]);
    let disabled = world
        .all(&world.admin(), &format!("{}?isDisabled=true", of(&customer)))
        .await;
    assert_eq!(
        disabled.iter().map(|c| c["key"].as_str().unwrap()).collect::<Vec<_>>(),
        [&keys[3]]
    );
    let found = world
        .all(&world.admin(), &format!("{}?externalId=x-5", of(&customer)))
        .await;
    assert_eq!(found[0]["key"], keys[5].as_str());
}

#[tokio::test]
async fn a_malformed_key_or_another_customers_key_is_not_found() {
    let world = World::new().await;
    let (own, other) = (world.member_customer("Own").await, world.member_customer("Other").await);
    let theirs = make(&world, &other, json!({})).await.expect(201);
    for key in [theirs.key(), "cli_nonsense", "loc_01kb1v0c1tfr2v6krscysfnvgb"] {
        let user = world.user("CustomerAdmin", &own);
        let missing = world.get(&user, &one(&own, key)).await.problem(404, "NOT_FOUND");
        assert_eq!(missing.body["details"]["entity"], "Client");
        world
            .get(&user, &format!("{}/locations", one(&own, key)))
            .await
            .problem(404, "NOT_FOUND");
    }
}
