//! POST …/api-keys/{keyId}/expire and …/api-keys/expire, and other requests that end keys.

use super::{add_partition, is_valid, issue, partition};
use crate::support::{Call, World};
use chrono::TimeDelta;
use serde_json::json;

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
    let again = world.act(&path, "expire").await;
    assert_eq!(again.body, ended.body);
    let renamed = world
        .patch(&admin, &path, json!({"name": "Old", "foreignKey": "app"}))
        .await
        .expect(200);
    assert_eq!(
        (&renamed.body["name"], &renamed.body["status"]),
        (&json!("Old"), &json!("Expired"))
    );
    let refused = world
        .patch(
            &admin,
            &path,
            json!({"kind": "Custom", "scopes": [], "expiresAt": null, "status": "Active"}),
        )
        .await;
    assert_eq!(refused.invalid_fields(), ["kind", "scopes", "status", "expiresAt"]);
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
    assert_eq!(nothing.invalid_fields(), ["foreignKey"]);
}

#[tokio::test]
async fn disabling_a_customer_or_deleting_a_partition_ends_its_keys_in_the_same_write() {
    let world = World::new().await;
    let admin = world.admin();
    let (customer, keys) = partition(&world).await;
    let (_, first) = issue(&world, &keys, json!({})).await;
    let other = add_partition(&world, &customer, "Other").await;
    let (second_id, second) = issue(&world, &other, json!({})).await;
    let partition = keys.strip_suffix("/api-keys").unwrap();
    world
        .delete(&admin, &format!("{partition}?force=true"))
        .await
        .expect(204);
    assert!(!is_valid(&world, &first).await && is_valid(&world, &second).await);
    world.clock.forward(TimeDelta::seconds(1));
    world.act(&customer, "deactivate").await;
    assert!(!is_valid(&world, &second).await);
    // The customer is reactivated before any task has run. Its old keys stay invalid.
    world.clock.forward(TimeDelta::seconds(1));
    world.act(&customer, "reactivate").await;
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
async fn expiring_by_foreign_key_replays_its_answer_and_each_page_needs_its_own_key() {
    let world = World::new().await;
    let admin = world.admin();
    let (_, keys) = partition(&world).await;
    let expire = |key: &str, query: &str| {
        let call = Call::new("POST", &format!("{keys}/expire{query}")).by(&admin);
        world.send(call.header("idempotency-key", key).json(json!({"foreignKey": "app"})))
    };
    // It changes nothing, so its answer is not kept.
    let nothing = json!({"expired": 0, "nextCursor": null});
    assert_eq!(expire("one", "?limit=2").await.expect(200).body, nothing);
    for _ in 0..3 {
        issue(&world, &keys, json!({"foreignKey": "app"})).await;
    }
    let first = expire("one", "?limit=2").await.expect(200);
    assert_eq!(
        (&first.body["expired"], first.header("idempotent-replay")),
        (&json!(2), None)
    );
    let again = expire("one", "?limit=2").await.expect(200);
    assert_eq!(
        (&again.body, again.header("idempotent-replay")),
        (&first.body, Some("true"))
    );
    assert_eq!(world.all(&admin, &format!("{keys}?status=Active")).await.len(), 1);
    let rest = format!("?limit=2&cursor={}", first.body["nextCursor"].as_str().unwrap());
    expire("one", &rest).await.problem(422, "IDEMPOTENCY_KEY_REUSED");
    let last = expire("two", &rest).await.expect(200);
    assert_eq!(last.body, json!({"expired": 1, "nextCursor": null}));
    assert_eq!(world.all(&admin, &format!("{keys}?status=Active")).await.len(), 0);
}

#[tokio::test]
async fn expiring_the_keys_of_a_missing_partition_is_not_found() {
    let world = World::new().await;
    let (customer, _) = partition(&world).await;
    for path in [
        format!("{customer}/partitions/ptn_01kb1v0c1tfr2v6krscysfnvgb/api-keys/expire"),
        "/v1/customers/cus_01kb1v0c1tfr2v6krscysfnvgb/partitions/ptn_01kb1v0c1tfr2v6krscysfnvgb/api-keys/expire".into(),
    ] {
        let answer = world.post(&world.admin(), &path, json!({"foreignKey": "app"})).await;
        let problem = answer.problem(404, "NOT_FOUND");
        assert_eq!(problem.body["details"], json!({"entity": "Partition"}));
    }
}

#[tokio::test]
async fn a_partition_with_a_key_that_works_is_deleted_only_by_force() {
    let world = World::new().await;
    let admin = world.admin();
    let (customer, keys) = partition(&world).await;
    let path = keys.strip_suffix("/api-keys").unwrap();
    let (id, plaintext) = issue(&world, &keys, json!({})).await;
    for query in ["", "?force=false"] {
        let refused = world.delete(&admin, &format!("{path}{query}")).await;
        refused.problem(409, "NOT_EMPTY");
    }
    let stale = Call::new("DELETE", path).by(&admin).header("if-match", "\"9\"");
    world.send(stale).await.problem(412, "VERSION_MISMATCH");
    assert!(is_valid(&world, &plaintext).await);
    world.act(&format!("{keys}/{id}"), "expire").await;
    world.delete(&admin, path).await.expect(204);
    // A key whose time is over does not count, even before its end is written.
    let keys = add_partition(&world, &customer, "Short").await;
    issue(&world, &keys, json!({"ttlSeconds": 60})).await;
    let path = keys.strip_suffix("/api-keys").unwrap();
    world.delete(&admin, path).await.problem(409, "NOT_EMPTY");
    world.clock.forward(TimeDelta::seconds(60));
    world.delete(&admin, path).await.expect(204);
    let keys = add_partition(&world, &customer, "Forced").await;
    let (_, plaintext) = issue(&world, &keys, json!({})).await;
    let path = keys.strip_suffix("/api-keys").unwrap();
    let forced = format!("{path}?force=true");
    world.delete(&admin, &forced).await.expect(204);
    assert!(!is_valid(&world, &plaintext).await);
    // Its keys are not written as expired yet.
    world.delete(&admin, path).await.problem(404, "NOT_FOUND");
    world.delete(&admin, &forced).await.problem(404, "NOT_FOUND");
}
