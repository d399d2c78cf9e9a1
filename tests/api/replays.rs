//! Idempotency-Key on the endpoints of each area: a repeat gets the first answer and changes nothing.

use crate::support::{Call, World, at, key_of};
use serde_json::{Value, json};

/// Sends a POST twice with one key, and gives back the first answer's body.
async fn replayed(world: &World, path: &str, body: Value) -> Value {
    let post = || {
        let call = Call::new("POST", path).by(&world.admin());
        call.header("idempotency-key", path).json(body.clone())
    };
    let first = world.send(post()).await;
    assert!(first.status < 300, "{path}: {}", first.body);
    let second = world.send(post()).await;
    assert_eq!(second.header("idempotent-replay"), Some("true"), "{path}");
    assert_eq!((second.status, &second.body), (first.status, &first.body), "{path}");
    first.body
}

#[tokio::test]
async fn every_create_in_the_hierarchy_replays_its_answer() {
    let world = World::new().await;
    let customer = at(&key_of(&world.tenant("Acme").await));
    let client = replayed(&world, &format!("{customer}/clients"), json!({"name": "Client"})).await;
    replayed(&world, &format!("{customer}/departments"), json!({"name": "Sales"})).await;
    let contact = json!({"type": "Billing", "firstName": "Ada", "lastName": "Byron", "email": "ada@acme.example"});
    replayed(&world, &format!("{customer}/contacts"), contact).await;
    replayed(
        &world,
        &format!("{customer}/partition-groups"),
        json!({"name": "Group"}),
    )
    .await;
    for list in ["clients", "departments", "contacts", "partition-groups"] {
        let all = world.all(&world.admin(), &format!("{customer}/{list}")).await;
        assert_eq!(all.len(), 1, "{list}");
    }
    let client = format!("{customer}/clients/{}", key_of(&client));
    replayed(&world, &format!("{client}/disable"), json!({})).await;
    let enabled = replayed(&world, &format!("{client}/enable"), json!({})).await;
    let now = world.get(&world.admin(), &client).await.expect(200).body;
    assert_eq!(now["version"], enabled["version"]);
}

#[tokio::test]
async fn expiring_a_key_replays_its_answer() {
    let world = World::new().await;
    let partitions = format!("{}/partitions", at(&key_of(&world.tenant("Acme").await)));
    let partition = json!({"name": "Orders", "environment": "prod"});
    let partition = world.post(&world.admin(), &partitions, partition).await.expect(201);
    let keys = format!("{partitions}/{}/api-keys", partition.key());
    let key = json!({"kind": "Admin", "name": "Key"});
    let key = world.post(&world.admin(), &keys, key).await.expect(201).body;
    let key = format!("{keys}/{}", key_of(&key["apiKey"]));
    let expired = replayed(&world, &format!("{key}/expire"), json!({})).await;
    let now = world.get(&world.admin(), &key).await.expect(200).body;
    assert_eq!(now["version"], expired["version"]);
}
