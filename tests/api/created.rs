//! The `Location` of every 201 leads to the entity that the answer shows.

use crate::support::{Call, World, at, endpoints, key_of};
use runtime::Shape;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Follows locations, and notes the functions that answered with one.
struct Follower {
    world: World,
    followed: BTreeSet<(&'static str, &'static str)>,
}

impl Follower {
    /// Sends a POST, follows the location of the answer and returns the entity there.
    async fn create(&mut self, path: &str, body: Value) -> Value {
        let admin = self.world.admin();
        let post = || {
            let call = Call::new("POST", path).by(&admin);
            call.header("idempotency-key", path).json(body.clone())
        };
        let (endpoint, created) = self.world.send_unchecked(post()).await;
        let created = created.expect(201);
        let location = created.header("location").unwrap_or_else(|| panic!("{path}"));
        let found = self.world.get(&admin, location).await.expect(200);
        let shown = if created.body["apiKey"].is_object() {
            &created.body["apiKey"]
        } else {
            &created.body
        };
        assert_eq!(found.body["key"], shown["key"], "{path}");
        assert_eq!(found.header("etag"), created.header("etag"), "{path}");
        // A replay leads to the same place. An answer with a secret is not replayed.
        let again = self.world.send(post()).await;
        if again.status == 201 {
            assert_eq!(again.header("location"), Some(location));
        }
        self.followed.insert((endpoint.spec.name, endpoint.spec.route));
        found.body
    }

    async fn create_below(&mut self, path: &str, body: Value) -> String {
        let entity = self.create(path, body).await;
        format!("{path}/{}", key_of(&entity))
    }
}

#[tokio::test]
async fn every_location_leads_to_the_entity() {
    let mut follower = Follower {
        world: World::new().await,
        followed: BTreeSet::new(),
    };
    let customer = json!({"type": "Business", "name": "Acme", "isTenantCustomer": true});
    let customer = at(&key_of(&follower.create("/v1/customers", customer).await));
    let client = follower
        .create_below(&format!("{customer}/clients"), json!({"name": "Client"}))
        .await;
    let with_account = follower.create(&format!("{client}/account"), json!({})).await;
    assert!(with_account["clientCustomerKey"].is_string(), "{with_account}");
    for scope in [&customer, &client] {
        let contact = json!({"type": "Billing", "firstName": "Ada", "lastName": "L", "email": "ada@acme.example"});
        for (kind, body) in [
            ("departments", json!({"name": "Sales"})),
            ("locations", json!({"name": "Main", "address": {"city": "Springfield"}})),
            ("contacts", contact),
        ] {
            follower.create(&format!("{scope}/{kind}"), body).await;
        }
    }
    follower
        .create(&format!("{customer}/partition-groups"), json!({"name": "Group"}))
        .await;
    let partition = json!({"name": "Orders", "environment": "prod"});
    let partition = follower
        .create_below(&format!("{customer}/partitions"), partition)
        .await;
    let key = json!({"kind": "Admin", "name": "Key"});
    let key = follower.create_below(&format!("{partition}/api-keys"), key).await;
    let successor = follower.create(&format!("{key}/rotate"), json!({})).await;
    assert_eq!(successor["rotatedFrom"].as_str(), key.rsplit('/').next(), "{successor}");

    let creating: BTreeSet<_> = endpoints()
        .iter()
        .filter(|endpoint| matches!(endpoint.spec.answer, Shape::Created(_) | Shape::Issued(_)))
        // An upload request creates no entity.
        .filter(|endpoint| endpoint.spec.name != "request-logo")
        .map(|endpoint| (endpoint.spec.name, endpoint.spec.route))
        .collect();
    assert_eq!(follower.followed, creating);
}
