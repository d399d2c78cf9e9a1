//! Provisioning and dissociating accounts.

use super::{client_path, clients_path, create, create_with_account, read_customer};
use crate::support::{Call, World, at, key_of};
use serde_json::json;

#[tokio::test]
async fn a_client_and_its_account_refer_to_each_other() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let fields = json!({"provisionAccount": true, "email": "c@client.example", "address": {"line1": "1 Main Street", "city": "Springfield"}, "business": {"size": "1-10"}});
    let created = create(&world, &customer, fields).await.expect(201);
    let account = read_customer(&world, created.body["clientCustomerKey"].as_str().unwrap()).await;
    assert_eq!(
        account["parent"],
        json!({"customerKey": customer, "clientKey": created.key(), "depth": 1})
    );
    assert_eq!(
        account["bootstrapTenantKey"],
        read_customer(&world, &customer).await["bootstrapTenantKey"]
    );
    assert_eq!(account["isTenantCustomer"], false);
    for field in ["name", "email", "address", "business"] {
        assert_eq!(account[field], created.body[field], "{field}");
    }
    // The account's address becomes its headquarters, as for every other business.
    world.settle().await;
    let locations = world
        .all(&world.admin(), &format!("{}/locations", at(&key_of(&account))))
        .await;
    assert_eq!(locations[0]["isHeadquarters"], true);
}

#[tokio::test]
async fn an_existing_client_gets_one_account() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let client = create(&world, &customer, json!({"business": {"size": "1-10"}}))
        .await
        .expect(201);
    let path = format!("{}/account", client_path(&customer, client.key()));
    let overrides = json!({"type": "Consumer", "name": "Ada", "person": {"firstName": "Ada", "lastName": "L"}});
    let provision = Call::new("POST", &path)
        .by(&world.user("ClientEditor", &customer))
        .header("idempotency-key", "once")
        .json(overrides);
    let done = world.send(provision.clone()).await.expect(201);
    assert_eq!((done.key(), &done.body["version"]), (client.key(), &json!(2)));
    let account = read_customer(&world, done.body["clientCustomerKey"].as_str().unwrap()).await;
    assert_eq!(
        (&account["type"], &account["name"]),
        (&json!("Consumer"), &json!("Ada"))
    );
    assert!(account.get("business").is_none());
    let again = world.send(provision).await.expect(201);
    assert_eq!(
        (again.header("idempotent-replay"), &again.body),
        (Some("true"), &done.body)
    );
    let second = world
        .post(&world.admin(), &path, json!({}))
        .await
        .problem(409, "CONFLICT");
    assert_eq!(second.body["details"]["field"], "clientCustomerKey");
}

#[tokio::test]
async fn only_platform_staff_set_the_platform_fields_of_an_account() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let client = create(&world, &customer, json!({})).await.expect(201);
    let path = format!("{}/account", client_path(&customer, client.key()));
    for field in ["products", "externalId", "authTenantId"] {
        let value = if field == "products" { json!(["x"]) } else { json!("x") };
        let body = json!({field: value});
        world
            .post(&world.user("CustomerAdmin", &customer), &path, body)
            .await
            .problem(403, "FORBIDDEN");
    }
    let body = json!({"products": ["x"], "externalId": "e-1"});
    let done = world.post(&world.admin(), &path, body).await.expect(201);
    let found = world
        .get(&world.admin(), "/v1/customers/external/e-1")
        .await
        .expect(200);
    assert_eq!(found.body["key"], done.body["clientCustomerKey"]);
    assert_eq!(
        world
            .post(&world.admin(), &path, json!({"isTenantCustomer": true, "parent": {}}))
            .await
            .invalid_fields(),
        ["isTenantCustomer", "parent"]
    );
}

#[tokio::test]
async fn concurrent_provisioning_creates_one_account() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let client = create(&world, &customer, json!({})).await.expect(201);
    let (path, admin) = (
        format!("{}/account", client_path(&customer, client.key())),
        world.admin(),
    );
    let answers = futures_util::future::join_all((0..6).map(|_| world.post(&admin, &path, json!({})))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409]);
    let customers = world.all(&world.admin(), "/v1/customers?isTenantCustomer=false").await;
    assert_eq!(customers.len(), 2, "no account without a client");
}

#[tokio::test]
async fn a_dissociated_client_and_account_are_independent() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let (client, account) = create_with_account(&world, &customer).await;
    let path = format!("{}/account", client_path(&customer, &client));
    world.delete(&world.admin(), &path).await.expect(204);
    let current = world
        .get(&world.admin(), &client_path(&customer, &client))
        .await
        .expect(200)
        .body;
    assert!(current.get("clientCustomerKey").is_none());
    let independent = read_customer(&world, &account).await;
    assert_eq!(
        (independent.get("parent"), &independent["isDisabled"]),
        (None, &json!(false))
    );
    world.delete(&world.admin(), &path).await.problem(404, "NOT_FOUND");
    // The former parent cannot read the account any more.
    let former = world.user("CustomerAdmin", &customer);
    world.get(&former, &at(&account)).await.problem(400, "KEY_MISMATCH");
    world.post(&world.admin(), &path, json!({})).await.expect(201);
}

#[tokio::test]
async fn accounts_nest_at_most_eight_deep_and_dissociating_one_frees_its_levels() {
    let world = World::new().await;
    let mut chain = vec![(String::new(), world.member_customer("Root").await)];
    for depth in 1..=8 {
        let created = create_with_account(&world, &chain.last().unwrap().1).await;
        assert_eq!(read_customer(&world, &created.1).await["parent"]["depth"], depth);
        chain.push(created);
    }
    let last = chain[8].1.clone();
    let refused = create(&world, &last, json!({"provisionAccount": true}))
        .await
        .problem(409, "CONFLICT");
    assert_eq!(refused.body["details"]["field"], "depth");
    assert!(
        world.all(&world.admin(), &clients_path(&last)).await.is_empty(),
        "no client is created either"
    );
    let client = create(&world, &last, json!({})).await.expect(201);
    let account = format!("{}/account", client_path(&last, client.key()));
    world
        .post(&world.admin(), &account, json!({}))
        .await
        .problem(409, "CONFLICT");
    // The account at depth 2 becomes a top account, so every account below it moves up by two levels.
    let dissociated = format!("{}/account", client_path(&chain[1].1, &chain[2].0));
    world.delete(&world.admin(), &dissociated).await.expect(204);
    world.post(&world.admin(), &account, json!({})).await.expect(201);
}

#[tokio::test]
async fn concurrent_provisioning_cannot_exceed_eight_levels() {
    let world = World::new().await;
    let admin = world.admin();
    let mut last = world.member_customer("Root").await;
    for _ in 0..7 {
        last = create_with_account(&world, &last).await.1;
    }
    let build = async |on: String| {
        let answer = create(&world, &on, json!({"provisionAccount": true})).await;
        answer.body["clientCustomerKey"].as_str().map(str::to_owned)
    };
    let (one_end, other_end) = tokio::join!(build(last.clone()), build(last.clone()));
    for end in [one_end.unwrap(), other_end.unwrap()] {
        assert_eq!(build(end).await, None);
    }
    let deepest = world.all(&admin, "/v1/customers?isTenantCustomer=false").await;
    assert!(deepest.iter().all(|c| c["parent"]["depth"].as_u64().unwrap_or(0) <= 8));
}
