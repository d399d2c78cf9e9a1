//! /v1/customers/{customerKey}/partitions/{partitionKey}/api-keys, and /v1/api-keys/verify

mod create;
mod expire;
mod isolation;
mod list;
mod rotate;
mod verify;

use crate::support::{Answer, Call, World, at, key_of, with_fields};
use serde_json::{Value, json};

/// Creates a customer with a partition. Returns the path of the customer and the path of the partition's keys.
async fn partition(world: &World) -> (String, String) {
    let customer = at(&key_of(&world.customer(json!({})).await));
    let keys = add_partition(world, &customer, "Orders").await;
    (customer, keys)
}

/// Creates a partition and returns the path of its keys.
async fn add_partition(world: &World, customer: &str, name: &str) -> String {
    let partitions = format!("{customer}/partitions");
    let body = json!({"name": name, "environment": "prod"});
    let created = world.post(&world.admin(), &partitions, body).await.expect(201);
    format!("{partitions}/{}/api-keys", created.key())
}

async fn create(world: &World, keys: &str, fields: Value) -> Answer {
    let body = with_fields(json!({"kind": "Admin", "name": "Key"}), fields);
    world.post(&world.admin(), keys, body).await
}

/// Creates a key and returns its id and its plaintext.
async fn issue(world: &World, keys: &str, fields: Value) -> (String, String) {
    id_and_plaintext(&create(world, keys, fields).await.expect(201))
}

fn id_and_plaintext(issued: &Answer) -> (String, String) {
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

/// Whether a key is valid. An invalid one must get exactly this answer and no reason.
async fn is_valid(world: &World, plaintext: &str) -> bool {
    let answer = verify(world, plaintext, Value::Null).await;
    if answer.body["valid"] == false {
        assert_eq!(answer.body.to_string(), r#"{"valid":false}"#);
    }
    answer.body["valid"] == true
}
