//! /v1/customers/{customerKey}/partitions/{partitionKey}/api-keys, and /v1/api-keys/verify

use crate::support::{Answer, Call, TABLE, World, at, key_of};
use chrono::TimeDelta;
use domain::plaintext::Plaintext;
use serde_json::{Value, json};

/// A partition of a new customer: the customer's path and the path of its keys.
async fn partition(world: &World) -> (String, String) {
    let customer = at(&key_of(&world.customer(json!({})).await));
    let keys = add_partition(world, &customer, "Orders").await;
    (customer, keys)
}

async fn add_partition(world: &World, customer: &str, name: &str) -> String {
    let partitions = format!("{customer}/partitions");
    let body = json!({"name": name, "environment": "prod"});
    let made = world.post(&world.admin(), &partitions, body).await.expect(201);
    format!("{partitions}/{}/api-keys", made.key())
}

async fn create(world: &World, keys: &str, fields: Value) -> Answer {
    let mut body = json!({"kind": "Admin", "name": "Key"});
    body.as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    world.post(&world.admin(), keys, body).await
}

/// A key's id and its plaintext.
async fn issue(world: &World, keys: &str, fields: Value) -> (String, String) {
    parts(&create(world, keys, fields).await.expect(201))
}

fn parts(issued: &Answer) -> (String, String) {
    let plaintext = issued.body["plaintext"].as_str().unwrap().to_owned();
    (key_of(&issued.body["apiKey"]), plaintext)
}

async fn verify(world: &World, plaintext: &str, scopes: Value) -> Answer {
    let mut body = json!({"plaintext": plaintext});
    if !scopes.is_null() {
        body["scopes"] = scopes;
    }
    world
        .send(Call::new("POST", "/v1/api-keys/verify").json(body))
        .await
        .expect(200)
}

async fn is_valid(world: &World, plaintext: &str) -> bool {
    let answer = verify(world, plaintext, Value::Null).await;
    if answer.body["valid"] == false {
        assert_eq!(answer.body.to_string(), r#"{"valid":false}"#);
    }
    answer.body["valid"] == true
}

#[tokio::test]
async fn a_new_key_is_valid_and_is_stored_without_its_plaintext() {
    let world = World::new().await;
    let (customer, keys) = partition(&world).await;
    let scopes = json!(["orders:read", "orders:write"]);
    let fields = json!({"kind": "Custom", "scopes": scopes, "foreignKey": "app-7", "ttlSeconds": 3600});
    let issued = create(&world, &keys, fields).await.expect(201);
    assert_eq!(issued.seen.requests, ["GetItem", "TransactWriteItems"]);
    assert_eq!(issued.header("etag"), Some("\"1\""));
    let (id, plaintext) = parts(&issued);
    assert!(id.starts_with("key_") && plaintext.starts_with("csk_prod_"));
    let key = &issued.body["apiKey"];
    assert_eq!(
        (&key["status"], &key["expiresAt"], &key["environment"]),
        (&json!("Active"), &json!("2026-11-23T09:00:00.000Z"), &json!("prod"))
    );
    let verified = verify(&world, &plaintext, Value::Null).await;
    assert_eq!(
        verified.body,
        json!({
            "valid": true, "customerKey": customer.rsplit('/').next(), "partitionKey": key["partitionKey"],
            "environment": "prod", "keyId": id, "kind": "Custom", "scopes": scopes, "foreignKey": "app-7",
            "expiresAt": "2026-11-23T09:00:00.000Z",
        })
    );
    let read = world.get(&world.admin(), &format!("{keys}/{id}")).await.expect(200);
    assert_eq!(read.seen.requests, ["GetItem"]);
    assert_eq!(read.body["lastUsedOn"], "2026-11-23");
    assert!(read.body.get("hash").is_none() && read.body.get("plaintext").is_none());
}

#[tokio::test]
async fn verifying_a_key_reads_once_and_writes_once_a_day() {
    let world = World::new().await;
    let (_, keys) = partition(&world).await;
    let (id, plaintext) = issue(&world, &keys, json!({})).await;
    for _ in 0..2 {
        let first = verify(&world, &plaintext, Value::Null).await;
        assert_eq!(first.seen.requests, ["BatchGetItem", "UpdateItem"]);
        let second = verify(&world, &plaintext, Value::Null).await;
        assert_eq!(second.seen.requests, ["BatchGetItem"]);
        world.clock.forward(TimeDelta::days(1));
    }
    let read = world.get(&world.admin(), &format!("{keys}/{id}")).await.expect(200);
    assert_eq!(
        (&read.body["lastUsedOn"], &read.body["version"]),
        (&json!("2026-11-24"), &json!(1))
    );
    // The day is noted, and is no change that anybody is told of.
    let events = world.settle().await;
    assert!(events.iter().all(|event| event["type"] != "API_KEY_UPDATED"));
}

#[tokio::test]
async fn a_malformed_key_reads_nothing() {
    let world = World::new().await;
    let (_, keys) = partition(&world).await;
    let (_, plaintext) = issue(&world, &keys, json!({})).await;
    let mut altered = plaintext.clone();
    let other = if altered.ends_with('0') { "1" } else { "0" };
    altered.replace_range(plaintext.len() - 1.., other);
    let long = "x".repeat(100_000);
    for junk in [
        "",
        " ",
        "csk_",
        "csk_prod_",
        "ä",
        "line\nbreak",
        &plaintext[..113],
        &altered,
        &long,
        &plaintext.replace("prod", "demo"),
    ] {
        let answer = verify(&world, junk, Value::Null).await;
        assert_eq!(answer.body.to_string(), r#"{"valid":false}"#, "{junk:.20}");
        assert!(answer.seen.requests.is_empty(), "{junk:.20}");
    }
}

#[tokio::test]
async fn every_invalid_key_gets_the_same_answer_after_one_read() {
    let world = World::new().await;
    let admin = world.admin();
    let (customer, keys) = partition(&world).await;
    let (_, good) = issue(&world, &keys, json!({})).await;
    let mut refused = Vec::new();
    let forged = |change: &dyn Fn(&mut Plaintext)| {
        let mut plain = Plaintext::read(&good).unwrap();
        change(&mut plain);
        plain.text()
    };
    let random = || world.ctx.clock.secret().unwrap();
    refused.push(("another secret", forged(&|plain| plain.secret = random())));
    refused.push(("no such key", forged(&|plain| plain.key = world.ctx.new_key())));
    refused.push((
        "no such partition",
        forged(&|plain| plain.partition = world.ctx.new_key()),
    ));
    refused.push((
        "no such customer",
        forged(&|plain| plain.customer = world.ctx.new_key()),
    ));
    let other = add_partition(&world, &customer, "Other").await;
    let other_key = other.split('/').nth(5).unwrap().parse().unwrap();
    refused.push(("another partition", forged(&|plain| plain.partition = other_key)));
    let environment = domain::partition::Environment::Dev;
    refused.push(("another environment", forged(&|plain| plain.environment = environment)));
    let (id, expired) = issue(&world, &keys, json!({})).await;
    world
        .post(&admin, &format!("{keys}/{id}/expire"), json!({}))
        .await
        .expect(200);
    refused.push(("expired", expired));
    for (why, plaintext) in refused {
        let answer = verify(&world, &plaintext, Value::Null).await;
        assert_eq!(answer.body.to_string(), r#"{"valid":false}"#, "{why}");
        assert_eq!(answer.seen.requests, ["BatchGetItem"], "{why}");
    }
    assert!(is_valid(&world, &good).await);
}

#[tokio::test]
async fn a_key_is_valid_only_for_its_scopes() {
    let world = World::new().await;
    let (_, keys) = partition(&world).await;
    let (_, custom) = issue(
        &world,
        &keys,
        json!({"kind": "Custom", "scopes": ["orders:read", "stock:write"]}),
    )
    .await;
    let (_, admin) = issue(&world, &keys, json!({})).await;
    for (scopes, custom_may, admin_may) in [
        (json!([]), true, true),
        (json!(["orders:read"]), true, true),
        (json!(["orders:read", "stock:write"]), true, true),
        (json!(["orders:write"]), false, true),
        (json!(["orders:read", "stock:read"]), false, true),
        (json!(["read"]), false, true),
        (json!(["read", "write"]), false, true),
    ] {
        assert_eq!(
            verify(&world, &custom, scopes.clone()).await.body["valid"],
            custom_may,
            "{scopes}"
        );
        assert_eq!(
            verify(&world, &admin, scopes.clone()).await.body["valid"],
            admin_may,
            "{scopes}"
        );
    }
    let ask = json!({"plaintext": admin, "scopes": ["Orders:read"], "what": 1});
    let mut broken = world
        .send(Call::new("POST", "/v1/api-keys/verify").json(ask))
        .await
        .broken();
    broken.sort();
    assert_eq!(broken, ["scopes[0]", "what"]);
    let nothing = world
        .send(Call::new("POST", "/v1/api-keys/verify").json(json!({})))
        .await;
    assert_eq!(nothing.broken(), ["plaintext"]);
}

#[tokio::test]
async fn each_invalid_field_is_named() {
    let world = World::new().await;
    let (_, keys) = partition(&world).await;
    for (fields, broken) in [
        (json!({"kind": "Root"}), vec!["kind"]),
        (json!({"name": ""}), vec!["name"]),
        (json!({"scopes": ["a:read"]}), vec!["scopes"]),
        (json!({"kind": "Custom"}), vec!["scopes"]),
        (json!({"kind": "Custom", "scopes": []}), vec!["scopes"]),
        (json!({"kind": "Custom", "scopes": ["read"]}), vec!["scopes[0]"]),
        (
            json!({"kind": "Custom", "scopes": ["a:read", "a:read"]}),
            vec!["scopes[1]"],
        ),
        (
            json!({"kind": "Custom", "scopes": (0..51).map(|n| format!("a{n}:read")).collect::<Vec<_>>()}),
            vec!["scopes"],
        ),
        (json!({"ttlSeconds": 59}), vec!["ttlSeconds"]),
        (json!({"ttlSeconds": 315_360_001}), vec!["ttlSeconds"]),
        (
            json!({"ttlSeconds": 60, "expiresAt": "2026-12-23T08:00:00Z"}),
            vec!["expiresAt"],
        ),
        (json!({"expiresAt": "2026-11-23T08:00:59Z"}), vec!["expiresAt"]),
        (json!({"expiresAt": "2036-11-21T08:00:00Z"}), vec!["expiresAt"]),
        (
            json!({"plaintext": "csk", "status": "Active", "hash": "x"}),
            vec!["hash", "plaintext", "status"],
        ),
    ] {
        let mut got = create(&world, &keys, fields.clone()).await.broken();
        got.sort();
        assert_eq!(got, broken, "{fields}");
    }
    for fields in [
        json!({"ttlSeconds": 60}),
        json!({"ttlSeconds": 315_360_000}),
        json!({"expiresAt": "2026-11-23T08:01:00Z"}),
    ] {
        create(&world, &keys, fields).await.expect(201);
    }
    let default = create(&world, &keys, json!({})).await.expect(201);
    assert_eq!(default.body["apiKey"]["expiresAt"], "2027-11-23T08:00:00.000Z");
}

#[tokio::test]
async fn a_key_is_valid_until_it_expires() {
    let world = World::new().await;
    let (_, keys) = partition(&world).await;
    let (id, plaintext) = issue(&world, &keys, json!({"ttlSeconds": 60})).await;
    world.clock.forward(TimeDelta::milliseconds(59_999));
    assert!(is_valid(&world, &plaintext).await);
    world.clock.forward(TimeDelta::milliseconds(1));
    assert!(!is_valid(&world, &plaintext).await);
    // Whatever any task has done: nobody wrote that down yet.
    let read = world.get(&world.admin(), &format!("{keys}/{id}")).await.expect(200);
    assert_eq!(
        (&read.body["status"], &read.body["version"]),
        (&json!("Expired"), &json!(1))
    );
}

#[tokio::test]
async fn a_successor_has_the_rights_and_the_expiry_of_its_predecessor() {
    let world = World::new().await;
    let admin = world.admin();
    let (_, keys) = partition(&world).await;
    let fields = json!({"kind": "Custom", "scopes": ["a:read"], "foreignKey": "app", "ttlSeconds": 86_400});
    let (id, old) = issue(&world, &keys, fields).await;
    let rotated = world
        .post(&admin, &format!("{keys}/{id}/rotate"), json!({"overlapSeconds": 600}))
        .await
        .expect(201);
    assert_eq!(rotated.seen.requests, ["GetItem", "TransactWriteItems"]);
    let (successor, new) = parts(&rotated);
    let key = &rotated.body["apiKey"];
    assert_eq!(
        (&key["scopes"], &key["foreignKey"], &key["kind"]),
        (&json!(["a:read"]), &json!("app"), &json!("Custom"))
    );
    assert_eq!(
        (&key["rotatedFrom"], &key["expiresAt"]),
        (&json!(id), &json!("2026-11-24T08:00:00.000Z"))
    );
    let before = world.get(&admin, &format!("{keys}/{id}")).await.expect(200).body;
    assert_eq!(
        (&before["rotatedTo"], &before["expiresAt"]),
        (&json!(successor), &json!("2026-11-23T08:10:00.000Z"))
    );
    assert!(is_valid(&world, &old).await && is_valid(&world, &new).await);
    world.clock.forward(TimeDelta::milliseconds(599_999));
    assert!(is_valid(&world, &old).await);
    world.clock.forward(TimeDelta::milliseconds(1));
    assert!(!is_valid(&world, &old).await && is_valid(&world, &new).await);
    world.clock.forward(TimeDelta::days(1));
    assert!(!is_valid(&world, &new).await);
}

#[tokio::test]
async fn an_overlap_never_extends_a_key_and_zero_ends_it_at_once() {
    let world = World::new().await;
    let admin = world.admin();
    let (_, keys) = partition(&world).await;
    let (id, _) = issue(&world, &keys, json!({"ttlSeconds": 600})).await;
    world
        .post(&admin, &format!("{keys}/{id}/rotate"), json!({}))
        .await
        .expect(201);
    let old = world.get(&admin, &format!("{keys}/{id}")).await.expect(200).body;
    assert_eq!(old["expiresAt"], "2026-11-23T08:10:00.000Z");
    let (id, plaintext) = issue(&world, &keys, json!({})).await;
    world
        .post(&admin, &format!("{keys}/{id}/rotate"), json!({"overlapSeconds": 0}))
        .await
        .expect(201);
    assert!(!is_valid(&world, &plaintext).await);
    let (id, _) = issue(&world, &keys, json!({})).await;
    // Nothing said of it: a day.
    world
        .send(Call::new("POST", &format!("{keys}/{id}/rotate")).by(&admin))
        .await
        .expect(201);
    let old = world.get(&admin, &format!("{keys}/{id}")).await.expect(200).body;
    assert_eq!(old["expiresAt"], "2026-11-24T08:00:00.000Z");
    let too_long = world
        .post(
            &admin,
            &format!("{keys}/{id}/rotate"),
            json!({"overlapSeconds": 2_592_001}),
        )
        .await;
    assert_eq!(too_long.broken(), ["overlapSeconds"]);
}

#[tokio::test]
async fn concurrent_rotations_create_one_successor() {
    let world = World::new().await;
    let admin = world.admin();
    let (_, keys) = partition(&world).await;
    let (id, _) = issue(&world, &keys, json!({})).await;
    let path = format!("{keys}/{id}/rotate");
    let rotations = (0..6).map(|_| world.post(&admin, &path, json!({})));
    let statuses: Vec<u16> = futures_util::future::join_all(rotations)
        .await
        .iter()
        .map(|answer| answer.status)
        .collect();
    assert_eq!(
        statuses.iter().filter(|status| **status == 201).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        statuses.iter().filter(|status| **status == 409).count(),
        5,
        "{statuses:?}"
    );
    assert_eq!(world.all(&admin, &format!("{keys}?status=Active")).await.len(), 2);
    let again = world.post(&admin, &path, json!({})).await.problem(409, "CONFLICT");
    assert_eq!(again.body["details"]["field"], "rotatedTo");
    let (id, _) = issue(&world, &keys, json!({"ttlSeconds": 60})).await;
    world.clock.forward(TimeDelta::seconds(60));
    let expired = world
        .post(&admin, &format!("{keys}/{id}/rotate"), json!({}))
        .await
        .problem(409, "CONFLICT");
    assert_eq!(expired.body["details"]["field"], "status");
}

#[tokio::test]
async fn an_expired_key_stays_expired() {
    let world = World::new().await;
    let admin = world.admin();
    let (_, keys) = partition(&world).await;
    let (id, plaintext) = issue(&world, &keys, json!({})).await;
    let path = format!("{keys}/{id}");
    let ended = world
        .send(Call::new("POST", &format!("{path}/expire")).by(&admin))
        .await
        .expect(200);
    assert_eq!(
        (&ended.body["status"], &ended.body["expiresAt"]),
        (&json!("Expired"), &json!("2026-11-23T08:00:00.000Z"))
    );
    assert!(!is_valid(&world, &plaintext).await);
    world.clock.forward(TimeDelta::seconds(5));
    let again = world
        .post(&admin, &format!("{path}/expire"), json!({}))
        .await
        .expect(200);
    assert_eq!(again.body, ended.body);
    let renamed = world
        .patch(&admin, &path, json!({"name": "Old", "foreignKey": "app"}))
        .await
        .expect(200);
    assert_eq!(
        (&renamed.body["name"], &renamed.body["status"]),
        (&json!("Old"), &json!("Expired"))
    );
    let fixed = world
        .patch(
            &admin,
            &path,
            json!({"kind": "Custom", "scopes": [], "expiresAt": null, "status": "Active"}),
        )
        .await;
    assert_eq!(fixed.broken(), ["kind", "scopes", "status", "expiresAt"]);
}

#[tokio::test]
async fn a_repeated_request_gets_no_second_plaintext() {
    let world = World::new().await;
    let (_, keys) = partition(&world).await;
    let call = |path: &str, body: Value| {
        let call = Call::new("POST", path)
            .by(&world.admin())
            .header("idempotency-key", "one");
        call.json(body)
    };
    let body = json!({"kind": "Admin", "name": "Key"});
    let first = world.send(call(&keys, body.clone())).await.expect(201);
    let (id, _) = parts(&first);
    let again = world
        .send(call(&keys, body))
        .await
        .problem(409, "SECRET_ALREADY_DELIVERED");
    assert_eq!(again.body["details"]["key"], json!(id));
    world
        .send(call(&keys, json!({"kind": "Admin", "name": "Other"})))
        .await
        .problem(422, "IDEMPOTENCY_KEY_REUSED");
    let rotate = format!("{keys}/{id}/rotate");
    let rotated = world.send(call(&rotate, json!({}))).await.expect(201);
    let again = world
        .send(call(&rotate, json!({})))
        .await
        .problem(409, "SECRET_ALREADY_DELIVERED");
    assert_eq!(again.body["details"]["key"], rotated.body["apiKey"]["key"]);
    assert_eq!(world.all(&world.admin(), &keys).await.len(), 2);
}

#[tokio::test]
async fn keys_are_listed_and_expired_by_foreign_key() {
    let world = World::new().await;
    let admin = world.admin();
    let (_, keys) = partition(&world).await;
    let mut plaintexts = Vec::new();
    for n in 0..7 {
        let foreign_key = if n % 2 == 0 { "even" } else { "odd" };
        plaintexts.push(issue(&world, &keys, json!({"foreignKey": foreign_key})).await.1);
    }
    assert_eq!(world.all(&admin, &format!("{keys}?foreignKey=even")).await.len(), 4);
    let expire = |query: &str| {
        let call = Call::new("POST", &format!("{keys}/expire{query}")).by(&admin);
        world.send(call.json(json!({"foreignKey": "even"})))
    };
    let first = expire("?limit=3").await.expect(200).body;
    assert_eq!(first["expired"], 3);
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = expire(&format!("?limit=3&cursor={cursor}")).await.expect(200).body;
    assert_eq!(second, json!({"expired": 1, "nextCursor": null}));
    assert_eq!(
        expire("").await.expect(200).body,
        json!({"expired": 0, "nextCursor": null})
    );
    for (n, plaintext) in plaintexts.iter().enumerate() {
        assert_eq!(is_valid(&world, plaintext).await, n % 2 == 1, "{n}");
    }
    assert_eq!(world.all(&admin, &format!("{keys}?status=Expired")).await.len(), 4);
    assert_eq!(
        world
            .all(&admin, &format!("{keys}?status=Active&foreignKey=even"))
            .await
            .len(),
        0
    );
    let nothing = world.post(&admin, &format!("{keys}/expire"), json!({})).await;
    assert_eq!(nothing.broken(), ["foreignKey"]);
}

#[tokio::test]
async fn no_path_reaches_a_key_of_another_customer() {
    let world = World::new().await;
    let (one, keys) = partition(&world).await;
    let (_, others) = partition(&world).await;
    let (id, plaintext) = issue(&world, &others, json!({})).await;
    let other_partition = others.split('/').nth(5).unwrap();
    let caller = world.user("CustomerAdmin", one.rsplit('/').next().unwrap());
    // Its own customer's path, with the other's partition in it.
    let crossed = format!("{one}/partitions/{other_partition}/api-keys");
    let body = json!({"kind": "Admin", "name": "Key"});
    world
        .post(&caller, &crossed, body.clone())
        .await
        .problem(404, "NOT_FOUND");
    world.get(&caller, &crossed).await.problem(404, "NOT_FOUND");
    for action in ["rotate", "expire"] {
        world
            .post(&caller, &format!("{crossed}/{id}/{action}"), json!({}))
            .await
            .problem(404, "NOT_FOUND");
    }
    world
        .get(&caller, &format!("{crossed}/{id}"))
        .await
        .problem(404, "NOT_FOUND");
    world
        .get(&caller, &format!("{keys}/{id}"))
        .await
        .problem(404, "NOT_FOUND");
    world.post(&caller, &others, body).await.problem(400, "KEY_MISMATCH");
    let expired = world
        .post(&caller, &format!("{crossed}/expire"), json!({"foreignKey": "x"}))
        .await
        .expect(200);
    assert_eq!(expired.body["expired"], 0);
    assert!(is_valid(&world, &plaintext).await);
}

#[tokio::test]
async fn a_disabled_customer_can_only_expire_keys_and_a_deleted_partition_gets_none() {
    let world = World::new().await;
    let admin = world.admin();
    let (customer, keys) = partition(&world).await;
    let (id, _) = issue(&world, &keys, json!({})).await;
    world
        .post(&admin, &format!("{customer}/deactivate"), json!({}))
        .await
        .expect(200);
    create(&world, &keys, json!({})).await.problem(409, "CUSTOMER_DISABLED");
    world
        .post(&admin, &format!("{keys}/{id}/rotate"), json!({}))
        .await
        .problem(409, "CUSTOMER_DISABLED");
    world
        .patch(&admin, &format!("{keys}/{id}"), json!({"name": "x"}))
        .await
        .problem(409, "CUSTOMER_DISABLED");
    world
        .post(&admin, &format!("{keys}/{id}/expire"), json!({}))
        .await
        .expect(200);
    let (_, keys) = partition(&world).await;
    let (id, _) = issue(&world, &keys, json!({})).await;
    world
        .delete(&admin, keys.strip_suffix("/api-keys").unwrap())
        .await
        .expect(204);
    create(&world, &keys, json!({})).await.problem(404, "NOT_FOUND");
    let rotated = world
        .post(&admin, &format!("{keys}/{id}/rotate"), json!({}))
        .await
        .problem(404, "NOT_FOUND");
    assert_eq!(rotated.body["details"]["entity"], "Partition");
}

#[tokio::test]
async fn disabling_a_customer_or_deleting_a_partition_ends_its_keys_in_the_same_write() {
    let world = World::new().await;
    let admin = world.admin();
    let (customer, keys) = partition(&world).await;
    let (_, first) = issue(&world, &keys, json!({})).await;
    let other = add_partition(&world, &customer, "Other").await;
    let (second_id, second) = issue(&world, &other, json!({})).await;
    world
        .delete(&admin, keys.strip_suffix("/api-keys").unwrap())
        .await
        .expect(204);
    assert!(!is_valid(&world, &first).await && is_valid(&world, &second).await);
    world.clock.forward(TimeDelta::seconds(1));
    world
        .post(&admin, &format!("{customer}/deactivate"), json!({}))
        .await
        .expect(200);
    assert!(!is_valid(&world, &second).await);
    // No task has run yet, and the customer is back: what ended stays ended.
    world.clock.forward(TimeDelta::seconds(1));
    world
        .post(&admin, &format!("{customer}/reactivate"), json!({}))
        .await
        .expect(200);
    assert!(!is_valid(&world, &second).await);
    let rotated = world
        .post(&admin, &format!("{other}/{second_id}/rotate"), json!({}))
        .await
        .problem(409, "CONFLICT");
    assert_eq!(rotated.body["details"]["field"], "status");
    let (_, third) = issue(&world, &other, json!({})).await;
    assert!(is_valid(&world, &third).await);
    world.settle().await;
    assert!(!is_valid(&world, &second).await && is_valid(&world, &third).await);
    world.delete(&admin, &customer).await.expect(204);
    assert!(!is_valid(&world, &third).await);
}

#[tokio::test]
async fn a_plaintext_in_a_url_or_header_is_neither_echoed_nor_stored() {
    let world = World::new().await;
    let (customer, keys) = partition(&world).await;
    let (_, plaintext) = issue(&world, &keys, json!({})).await;
    let caller = world.user("Member", customer.rsplit('/').next().unwrap());
    // In places of a path, in a query, as a bearer token, as an idempotency key, as an ETag.
    for call in [
        Call::new("GET", &format!("{keys}/{plaintext}")).by(&world.admin()),
        Call::new("GET", &format!("/v1/customers/{plaintext}")).by(&caller),
        Call::new("GET", &format!("{keys}?foreignKey={plaintext}&cursor={plaintext}")).by(&world.admin()),
        Call::new("GET", &keys).header("authorization", &format!("Bearer {plaintext}")),
        Call::new("PATCH", &format!("{customer}/partitions/{plaintext}"))
            .by(&world.admin())
            .header("if-match", &plaintext)
            .json(json!({})),
        Call::new("POST", &format!("{keys}/expire"))
            .by(&world.admin())
            .header("idempotency-key", &plaintext)
            .json(json!({"foreignKey": "x"})),
    ] {
        let answer = world.send(call).await;
        assert!(!answer.body.to_string().contains(&plaintext[60..]), "{}", answer.body);
    }
    world.settle().await;
    let items = world.client.scan().table_name(TABLE).send().await.unwrap();
    assert!(!format!("{items:?}").contains(&plaintext[60..]));
}
