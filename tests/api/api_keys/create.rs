//! POST …/api-keys

use super::{create, id_and_plaintext, issue, partition, verify};
use crate::support::{Call, World};
use serde_json::{Value, json};

#[tokio::test]
async fn a_new_key_is_valid_and_is_stored_without_its_plaintext() {
    let world = World::new().await;
    let (customer, keys) = partition(&world).await;
    let scopes = json!(["orders:read", "orders:write"]);
    let fields = json!({"kind": "Custom", "scopes": scopes, "foreignKey": "app-7", "ttlSeconds": 3600});
    let issued = create(&world, &keys, fields).await.expect(201);
    assert_eq!(issued.requests, ["GetItem", "TransactWriteItems"]);
    assert_eq!(issued.header("etag"), Some("\"1\""));
    let (id, plaintext) = id_and_plaintext(&issued);
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
    assert_eq!(read.requests, ["GetItem"]);
    assert_eq!(read.body["lastUsedOn"], "2026-11-23");
    assert!(read.body.get("hash").is_none() && read.body.get("plaintext").is_none());
}

#[tokio::test]
async fn each_invalid_field_is_named() {
    let world = World::new().await;
    let (_, keys) = partition(&world).await;
    for (fields, invalid) in [
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
        let mut got = create(&world, &keys, fields.clone()).await.invalid_fields();
        got.sort();
        assert_eq!(got, invalid, "{fields}");
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
    let (id, _) = id_and_plaintext(&first);
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
async fn a_disabled_customer_can_only_expire_keys_and_a_deleted_partition_gets_none() {
    let world = World::new().await;
    let admin = world.admin();
    let (customer, keys) = partition(&world).await;
    let (id, _) = issue(&world, &keys, json!({})).await;
    world.act(&customer, "deactivate").await;
    create(&world, &keys, json!({})).await.problem(409, "CUSTOMER_DISABLED");
    world
        .post(&admin, &format!("{keys}/{id}/rotate"), json!({}))
        .await
        .problem(409, "CUSTOMER_DISABLED");
    world
        .patch(&admin, &format!("{keys}/{id}"), json!({"name": "x"}))
        .await
        .problem(409, "CUSTOMER_DISABLED");
    world.act(&format!("{keys}/{id}"), "expire").await;
    let (_, keys) = partition(&world).await;
    let (id, _) = issue(&world, &keys, json!({})).await;
    let partition = keys.strip_suffix("/api-keys").unwrap();
    world
        .delete(&admin, &format!("{partition}?force=true"))
        .await
        .expect(204);
    create(&world, &keys, json!({})).await.problem(404, "NOT_FOUND");
    let rotated = world
        .post(&admin, &format!("{keys}/{id}/rotate"), json!({}))
        .await
        .problem(404, "NOT_FOUND");
    assert_eq!(rotated.body["details"]["entity"], "Partition");
}
