//! POST …/api-keys/{keyId}/rotate

use super::{id_and_plaintext, is_valid, issue, partition};
use crate::support::{Call, World};
use chrono::TimeDelta;
use serde_json::json;

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
    assert_eq!(rotated.requests, ["GetItem", "TransactWriteItems"]);
    let (successor, new) = id_and_plaintext(&rotated);
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
    // The default overlap is one day.
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
    assert_eq!(too_long.invalid_fields(), ["overlapSeconds"]);
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
