//! The service stores no credentials, and the audit trail holds no personal data.

use crate::support::{Call, World, at};
use serde_json::json;

#[tokio::test]
async fn no_token_is_stored_or_published() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let caller = world
        .user("CustomerAdmin", &customer)
        .claim("jti", json!("the-only-one"));
    let signed = caller.sign();
    let signature = signed.rsplit('.').next().unwrap().to_owned();
    let locations = format!("{}/locations", at(&customer));
    for path in [&locations, &at("cus_01kb1v0c1tfr2v6krscysfnvgb")] {
        let call = Call::new(if *path == locations { "POST" } else { "PATCH" }, path)
            .header("authorization", &format!("Bearer {signed}"))
            .header("idempotency-key", "the-idempotency-key")
            .json(json!({"name": "Main", "address": {"line1": "1 Main Street", "city": "Springfield"}}));
        world.send(call).await;
    }
    let events = json!(world.settle().await).to_string();
    let stored = json!(world.stream_records(0)).to_string();
    // Ensure that the search covers the trail, the idempotency keys and the events.
    assert!(
        stored.contains("KEY_MISMATCH_REFUSED")
            && stored.contains("ONCE#")
            && events.contains("CUSTOMER_LOCATION_CREATED")
    );
    for secret in [&signed, &signature, "the-only-one", "Bearer", "the-idempotency-key"] {
        assert!(!stored.contains(secret) && !events.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn the_audit_trail_has_field_names_without_values() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let body = json!({"email": "ada@acme.example", "phone": "+14155550100", "address": {"line1": "1 Main Street"}});
    world.patch(&world.admin(), &at(&customer), body).await.expect(200);
    let feedback = json!({"feedback": {"reasonText": "Ask Ada"}});
    world
        .post(&world.admin(), &format!("{}/deactivate", at(&customer)), feedback)
        .await
        .expect(200);
    world.settle().await;
    let trail = json!(world.audit(&customer).await).to_string();
    assert!(trail.contains("email"));
    for personal in ["ada@", "4155550100", "Main Street", "Ask Ada"] {
        assert!(!trail.contains(personal), "{personal}");
    }
}
