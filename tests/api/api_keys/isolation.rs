//! No caller reaches the keys of another customer, and no plaintext reaches other answers or the table.

use super::{is_valid, issue, partition};
use crate::support::{Call, World};
use serde_json::json;

#[tokio::test]
async fn no_path_reaches_a_key_of_another_customer() {
    let world = World::new().await;
    let (one, keys) = partition(&world).await;
    let (_, others) = partition(&world).await;
    let (id, plaintext) = issue(&world, &others, json!({})).await;
    let other_partition = others.split('/').nth(5).unwrap();
    let caller = world.user("CustomerAdmin", one.rsplit('/').next().unwrap());
    // The path of the caller's own customer with the partition of the other one.
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
    world
        .post(&caller, &format!("{crossed}/expire"), json!({"foreignKey": "x"}))
        .await
        .problem(404, "NOT_FOUND");
    assert!(is_valid(&world, &plaintext).await);
}

#[tokio::test]
async fn a_plaintext_in_a_url_or_header_is_neither_echoed_nor_stored() {
    let world = World::new().await;
    let (customer, keys) = partition(&world).await;
    let (_, plaintext) = issue(&world, &keys, json!({})).await;
    let caller = world.user("Member", customer.rsplit('/').next().unwrap());
    // In the path, in the query, as a bearer token, as an ETag and as an idempotency key.
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
    let items = world.items().await;
    assert!(!format!("{items:?}").contains(&plaintext[60..]));
}
