//! Creating, reading, listing and changing clients.

use super::{client_path, clients_path, create};
use crate::support::{Call, World, at};
use serde_json::json;

#[tokio::test]
async fn a_created_client_can_be_read_and_listed() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let fields = json!({"email": "c@client.example", "externalId": "c-1", "business": {"industrySector": "45", "industryGroup": "4510"}});
    let created = create(&world, &customer, fields).await.expect(201);
    assert_eq!(
        created.header("location").unwrap(),
        client_path(&customer, created.key())
    );
    assert_eq!(created.body["isDisabled"], false);
    assert!(created.body.get("provisionAccount").is_none() && created.body.get("clientCustomerKey").is_none());
    let read = world
        .get(
            &world.user("ClientViewer", &customer),
            &client_path(&customer, created.key()),
        )
        .await
        .expect(200);
    assert_eq!((&read.body, read.header("etag")), (&created.body, Some("\"1\"")));
    assert_eq!(read.requests, ["BatchGetItem"]);
    assert_eq!(
        world.all(&world.admin(), &clients_path(&customer)).await,
        [created.body]
    );
}

#[tokio::test]
async fn creating_a_client_takes_one_request_and_its_account_one_more() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let created = create(&world, &customer, json!({})).await.expect(201);
    assert_eq!(created.requests, ["TransactWriteItems"]);
    let created = create(&world, &customer, json!({"provisionAccount": true}))
        .await
        .expect(201);
    assert_eq!(created.requests, ["GetItem", "TransactWriteItems"]);
}

#[tokio::test]
async fn an_external_id_is_unique_only_within_its_customer() {
    let world = World::new().await;
    let (one_customer, other) = (world.member_customer("One").await, world.member_customer("Other").await);
    create(&world, &one_customer, json!({"externalId": "x"}))
        .await
        .expect(201);
    create(&world, &other, json!({"externalId": "x"})).await.expect(201);
    let taken = create(&world, &one_customer, json!({"externalId": "x"}))
        .await
        .problem(409, "CONFLICT");
    assert_eq!(taken.body["details"]["field"], "externalId");
    let second = create(&world, &one_customer, json!({"externalId": "y"}))
        .await
        .expect(201);
    let path = client_path(&one_customer, second.key());
    world
        .patch(&world.admin(), &path, json!({"externalId": "x"}))
        .await
        .problem(409, "CONFLICT");
    // The second client gives up its external id "y", so another one can use it.
    world
        .patch(&world.admin(), &path, json!({"externalId": null}))
        .await
        .expect(200);
    create(&world, &one_customer, json!({"externalId": "y"}))
        .await
        .expect(201);
}

#[tokio::test]
async fn a_patch_without_changes_keeps_the_version_and_a_stale_etag_is_refused() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let created = create(&world, &customer, json!({})).await.expect(201);
    let path = client_path(&customer, created.key());
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
    let invalid = create(&world, &customer, fields).await.invalid_fields();
    assert_eq!(
        invalid,
        ["logo", "isDisabled", "clientCustomerKey", "isAccountDisabled", "what"]
    );
    let created = create(&world, &customer, json!({})).await.expect(201);
    let patch = json!({"provisionAccount": true});
    assert_eq!(
        world
            .patch(&world.admin(), &client_path(&customer, created.key()), patch)
            .await
            .invalid_fields(),
        ["provisionAccount"]
    );
}

#[tokio::test]
async fn an_industry_group_outside_its_sector_is_refused() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let business = json!({"business": {"industrySector": "10", "industryGroup": "4510"}});
    assert_eq!(
        create(&world, &customer, business.clone()).await.invalid_fields(),
        ["business.industryGroup"]
    );
    let created = create(&world, &customer, json!({})).await.expect(201);
    let path = client_path(&customer, created.key());
    assert_eq!(
        world.patch(&world.admin(), &path, business).await.invalid_fields(),
        ["business.industryGroup"]
    );
}

#[tokio::test]
async fn a_deactivated_or_deleted_customer_refuses_client_changes() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let created = create(&world, &customer, json!({})).await.expect(201);
    world.act(&at(&customer), "deactivate").await;
    create(&world, &customer, json!({}))
        .await
        .problem(409, "CUSTOMER_DISABLED");
    // The refusal applies at once: no task has disabled the client yet.
    let path = client_path(&customer, created.key());
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
    let gone = create(&world, &customer, json!({})).await.problem(404, "NOT_FOUND");
    assert_eq!(gone.body["details"]["entity"], "Customer");
}

#[tokio::test]
async fn the_client_list_has_filters_and_pages() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let mut keys = Vec::new();
    for n in 0..7 {
        keys.push(
            create(&world, &customer, json!({"externalId": format!("x-{n}")}))
                .await
                .expect(201)
                .key()
                .to_owned(),
        );
    }
    world.act(&client_path(&customer, &keys[3]), "disable").await;
    let pages = world
        .pages(&world.admin(), &format!("{}?limit=3", clients_path(&customer)))
        .await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 1]);
    let disabled = world
        .all(&world.admin(), &format!("{}?isDisabled=true", clients_path(&customer)))
        .await;
    assert_eq!(
        disabled.iter().map(|c| c["key"].as_str().unwrap()).collect::<Vec<_>>(),
        [&keys[3]]
    );
    let found = world
        .all(&world.admin(), &format!("{}?externalId=x-5", clients_path(&customer)))
        .await;
    assert_eq!(found[0]["key"], keys[5].as_str());
}

#[tokio::test]
async fn a_malformed_key_or_another_customers_key_is_not_found() {
    let world = World::new().await;
    let (own, other) = (world.member_customer("Own").await, world.member_customer("Other").await);
    let other_client = create(&world, &other, json!({})).await.expect(201);
    for key in [other_client.key(), "cli_nonsense", "loc_01kb1v0c1tfr2v6krscysfnvgb"] {
        let user = world.user("CustomerAdmin", &own);
        let missing = world
            .get(&user, &client_path(&own, key))
            .await
            .problem(404, "NOT_FOUND");
        assert_eq!(missing.body["details"]["entity"], "Client");
        world
            .get(&user, &format!("{}/locations", client_path(&own, key)))
            .await
            .problem(404, "NOT_FOUND");
    }
}
