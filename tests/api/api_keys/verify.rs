//! POST /v1/api-keys/verify

use super::{add_partition, is_valid, issue, partition, verify};
use crate::support::{Call, World};
use chrono::TimeDelta;
use domain::plaintext::Plaintext;
use serde_json::{Value, json};

#[tokio::test]
async fn verifying_a_key_reads_once_and_writes_once_a_day() {
    let world = World::new().await;
    let (_, keys) = partition(&world).await;
    let (id, plaintext) = issue(&world, &keys, json!({})).await;
    for _ in 0..2 {
        let first = verify(&world, &plaintext, Value::Null).await;
        assert_eq!(first.requests, ["BatchGetItem", "UpdateItem"]);
        let second = verify(&world, &plaintext, Value::Null).await;
        assert_eq!(second.requests, ["BatchGetItem"]);
        world.clock.forward(TimeDelta::days(1));
    }
    let read = world.get(&world.admin(), &format!("{keys}/{id}")).await.expect(200);
    assert_eq!(
        (&read.body["lastUsedOn"], &read.body["version"]),
        (&json!("2026-11-24"), &json!(1))
    );
    // The day of the last use is stored without an event.
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
    for malformed in [
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
        let answer = verify(&world, malformed, Value::Null).await;
        assert_eq!(answer.body.to_string(), r#"{"valid":false}"#, "{malformed:.20}");
        assert!(answer.requests.is_empty(), "{malformed:.20}");
    }
}

#[tokio::test]
async fn every_invalid_key_gets_the_same_answer_after_one_read() {
    let world = World::new().await;
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
    world.act(&format!("{keys}/{id}"), "expire").await;
    refused.push(("expired", expired));
    for (why, plaintext) in refused {
        let answer = verify(&world, &plaintext, Value::Null).await;
        assert_eq!(answer.body.to_string(), r#"{"valid":false}"#, "{why}");
        assert_eq!(answer.requests, ["BatchGetItem"], "{why}");
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
    let mut invalid = world
        .send(Call::new("POST", "/v1/api-keys/verify").json(ask))
        .await
        .invalid_fields();
    invalid.sort();
    assert_eq!(invalid, ["scopes[0]", "what"]);
    let nothing = world
        .send(Call::new("POST", "/v1/api-keys/verify").json(json!({})))
        .await;
    assert_eq!(nothing.invalid_fields(), ["plaintext"]);
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
    // No task has stored the expiry yet: the version is still 1.
    let read = world.get(&world.admin(), &format!("{keys}/{id}")).await.expect(200);
    assert_eq!(
        (&read.body["status"], &read.body["version"]),
        (&json!("Expired"), &json!(1))
    );
}

#[tokio::test]
async fn verification_and_the_authorizer_agree_about_copied_keys() {
    let world = World::new().await;
    let (_, keys) = partition(&world).await;
    let (_, plaintext) = issue(&world, &keys, json!({})).await;
    let (start, end) = plaintext.split_at(60);
    for (copied, expected) in [
        (plaintext.clone(), true),
        (format!("{plaintext}\n"), true),
        (format!(" \t{plaintext}\r\n "), true),
        (format!("\u{a0}{plaintext}"), false),
        (format!("{plaintext}\u{200b}"), false),
        (format!("{start}\n{end}"), false),
        (format!("\"{plaintext}\""), false),
    ] {
        assert_eq!(is_valid(&world, &copied).await, expected, "{copied:?}");
        for value in [copied.clone(), format!("Bearer {copied}"), format!(" bearer  {copied}")] {
            let event = json!({"version": "2.0", "headers": {"authorization": value}});
            let answer = world.run_standalone("authorize-api-key", event).await.0.unwrap();
            assert_eq!(answer["isAuthorized"], expected, "{value:?}");
        }
    }
}
