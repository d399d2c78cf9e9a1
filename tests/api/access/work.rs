//! A refusal takes the same work whether or not the foreign customer exists, so that its time tells nothing. Work is the number and the
//! kind of the requests to the table, and the bytes that the table answers.

use crate::support::{Answer, Call, World, at, key_of};
use serde_json::json;

/// The three endpoints at which a parent's users reach an account.
const ENDPOINTS: [(&str, &str); 3] = [("GET", ""), ("POST", "/deactivate"), ("POST", "/reactivate")];
const ABSENT: &str = "cus_01kb1v0c1tfr2v6krscysfnvgb";

async fn send(world: &World, role: &str, own: &str, (method, action): (&str, &str), requested: &str) -> Answer {
    let call = Call::new(method, &format!("{}{action}", at(requested))).by(&world.user(role, own));
    let call = match method {
        "POST" => call.json(json!({})),
        _ => call,
    };
    world.send(call).await
}

#[tokio::test]
async fn a_foreign_customer_takes_the_same_work_as_an_absent_one() {
    let world = World::new().await;
    let own = world.member_customer("Own").await;
    let large = world
        .customer(json!({
            "name": "x".repeat(200),
            "email": "office@acme.example",
            "website": "https://acme.example",
            "products": ["catalogue"],
            "address": {"line1": "y".repeat(100), "city": "Springfield"},
        }))
        .await;
    let other = key_of(&world.tenant("Other").await);
    let clients = format!("{}/clients", at(&other));
    let body = json!({"name": "Client", "provisionAccount": true});
    let client = world.post(&world.admin(), &clients, body).await.expect(201).body;
    let account = client["clientCustomerKey"].as_str().unwrap();
    let disabled = world.member_customer("Disabled").await;
    world.act(&at(&disabled), "deactivate").await;

    // Both hold `EditClient`; an administrator also has the endpoints' other permissions.
    for role in ["TenantAdmin", "CustomerAdmin"] {
        for endpoint in ENDPOINTS {
            let absent = send(&world, role, &own, endpoint, ABSENT)
                .await
                .problem(400, "KEY_MISMATCH");
            // It asks who the parent is, and writes the refusal to the audit trail.
            assert_eq!(absent.requests.len(), 2, "{:?}", absent.requests);
            assert_eq!(absent.received.len(), 2);
            for foreign in [&key_of(&large), &other, account, &disabled] {
                let refused = send(&world, role, &own, endpoint, foreign)
                    .await
                    .problem(400, "KEY_MISMATCH");
                assert_eq!(
                    (&refused.requests, &refused.received),
                    (&absent.requests, &absent.received),
                    "{role} {endpoint:?} {foreign}"
                );
            }
        }
        // The same question, when the answer is yes.
        let parents = send(&world, role, &other, ENDPOINTS[0], account).await.expect(200);
        assert_eq!(parents.requests, ["Query", "GetItem"]);
    }
}
