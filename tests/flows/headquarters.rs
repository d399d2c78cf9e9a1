//! The creation of a business customer leads to its headquarters.

use crate::support::{World, at, key_of};
use serde_json::{Value, json};

#[tokio::test]
async fn every_new_business_gets_its_headquarters() {
    let world = World::new().await;
    let mut customers = Vec::new();
    for n in 0..12 {
        let fields =
            json!({"name": format!("{n}"), "address": {"line1": "1 Main Street", "city": format!("City {n}")}});
        customers.push(key_of(&world.customer(fields).await));
    }
    let events = world.settle().await;
    assert_eq!(events.len(), 24);
    for (n, customer) in customers.iter().enumerate() {
        let locations = world.all(&world.admin(), &format!("{}/locations", at(customer))).await;
        let shown: Vec<Value> = locations
            .iter()
            .map(|l| json!([l["address"]["city"], l["isHeadquarters"]]))
            .collect();
        assert_eq!(shown, [json!([format!("City {n}"), true])]);
    }
    assert!(world.settle().await.is_empty());
}
