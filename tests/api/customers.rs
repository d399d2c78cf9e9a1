//! /v1/customers

use crate::support::{Call, World};
use serde_json::json;

#[tokio::test]
async fn a_created_customer_reads_back() {
    let world = World::new().await;
    let admin = world.admin();
    let body = json!({"type": "Business", "name": "Acme", "isTenantCustomer": true, "address": {"line1": "1 Main Street", "city": "Springfield"}});
    let created = world.post(&admin, "/v1/customers", body).await.expect(201);
    assert_eq!(created.header("etag"), Some("\"1\""));
    let read = world.get(&admin, &format!("/v1/customers/{}", created.key())).await.expect(200);
    assert_eq!(read.body, created.body);
    let events = world.settle().await;
    println!("{}", serde_json::to_string_pretty(&events).unwrap());
    println!("{}", serde_json::to_string_pretty(&read.body).unwrap());
    let locations = world.get(&admin, &format!("/v1/customers/{}/locations", created.key())).await.expect(200);
    println!("{}", serde_json::to_string_pretty(&locations.body).unwrap());
    let _ = Call::new("GET", "/");
}
