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
