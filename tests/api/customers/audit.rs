//! GET /v1/customers/{customerKey}/audit

use crate::support::{World, at, key_of};
use chrono::TimeDelta;
use serde_json::{Value, json};

#[tokio::test]
async fn the_audit_trail_lists_every_change_newest_first() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let user = world.user("CustomerAdmin", &customer);
    let step = || world.clock.forward(TimeDelta::seconds(1));
    step();
    world
        .patch(&user, &at(&customer), json!({"name": "New", "email": "a@acme.example"}))
        .await
        .expect(200);
    step();
    world
        .post(&user, &format!("{}/deactivate", at(&customer)), json!({}))
        .await
        .expect(200);
    step();
    world
        .post(&user, &format!("{}/reactivate", at(&customer)), json!({}))
        .await
        .expect(200);
    step();
    let body = json!({"name": "Main", "address": {"line1": "1 Main Street", "city": "Springfield"}});
    let location = world
        .post(&user, &format!("{}/locations", at(&customer)), body)
        .await
        .expect(201);
    world.settle().await;
    let trail: Vec<Value> = world
        .all(&user, &format!("{}/audit?limit=3", at(&customer)))
        .await
        .into_iter()
        .map(|entry| {
            json!([
                entry["time"],
                entry["action"],
                entry["actor"]["id"],
                entry["version"],
                entry["changed"]
            ])
        })
        .collect();
    insta::assert_json_snapshot!(trail);
    assert_eq!(
        world.audit(&customer).await[0]["entity"],
        json!({"kind": "Location", "key": location.key()})
    );
}

#[tokio::test]
async fn a_key_mismatch_is_recorded_only_in_the_callers_trail() {
    let world = World::new().await;
    let own = key_of(&world.tenant("Own").await);
    let other = key_of(&world.tenant("Other").await);
    let answer = world
        .get(&world.user("Member", &own), &at(&other))
        .await
        .problem(400, "KEY_MISMATCH");
    let trail = world.audit(&own).await;
    assert_eq!(
        trail,
        [json!({
            "key": trail[0]["key"], "action": "KEY_MISMATCH_REFUSED", "time": "2026-11-23T08:00:00.000Z",
            "actor": {"kind": "User", "id": "usr_user"}, "requestId": answer.header("x-request-id"),
            "details": {"operation": "get-customer", "field": "customerKey", "claimed": own, "requested": other},
        })]
    );
    assert!(world.audit(&other).await.is_empty());
}

#[tokio::test]
async fn a_long_requested_key_is_shortened_in_the_trail() {
    let world = World::new().await;
    let own = key_of(&world.tenant("Own").await);
    world
        .get(&world.user("Member", &own), &at(&"x".repeat(5000)))
        .await
        .problem(400, "KEY_MISMATCH");
    assert!(world.audit(&own).await[0].to_string().len() < 1000);
}

#[tokio::test]
async fn a_client_users_key_mismatch_is_recorded() {
    let world = World::new().await;
    let own = key_of(&world.tenant("Own").await);
    let client = "cli_01kb1v0c1tfr2v6krscysfnvgb";
    let caller = world.user("CustomerAdmin", &own).claim("clientId", json!(client));
    world.get(&caller, &at(&own)).await.problem(400, "KEY_MISMATCH");
    let trail = world.audit(&own).await;
    assert_eq!(trail.len(), 1);
    assert_eq!(
        (&trail[0]["action"], &trail[0]["details"]["claimed"]),
        (&json!("KEY_MISMATCH_REFUSED"), &json!(client))
    );
}

#[tokio::test]
async fn simultaneous_refusals_are_separate_entries() {
    let world = World::new().await;
    let own = key_of(&world.tenant("Own").await);
    let caller = world.user("Member", &own);
    for _ in 0..2 {
        world
            .get(&caller, &at("cus_01kb1v0c1tfr2v6krscysfnvgb"))
            .await
            .problem(400, "KEY_MISMATCH");
    }
    assert_eq!(world.audit(&own).await.len(), 2);
}

/// A customer with four entries, each a second after the one before, and the key of its location.
async fn trail(world: &World) -> (String, String) {
    let customer = world.member_customer("Acme").await;
    let user = world.user("CustomerAdmin", &customer);
    let step = || world.clock.forward(TimeDelta::seconds(1));
    step();
    let body = json!({"name": "Main", "address": {"line1": "1 Main Street", "city": "Köln", "country": "DE"}});
    let location = world
        .post(&user, &format!("{}/locations", at(&customer)), body)
        .await
        .expect(201);
    step();
    let renamed = json!({"name": "New"});
    world.patch(&world.admin(), &at(&customer), renamed).await.expect(200);
    step();
    let path = format!("{}/locations/{}", at(&customer), location.key());
    world.patch(&user, &path, json!({"notes": "n"})).await.expect(200);
    world.settle().await;
    let key = location.key().to_owned();
    (customer, key)
}

#[tokio::test]
async fn the_trail_is_narrowed_by_action_actor_entity_and_time() {
    let world = World::new().await;
    let (customer, location) = trail(&world).await;
    let path = format!("{}/audit", at(&customer));
    let (created, updated) = ("CUSTOMER_LOCATION_CREATED", "CUSTOMER_LOCATION_UPDATED");
    let renamed = "CUSTOMER_UPDATED";
    let by_entity = format!("?entity={location}");
    for (query, expected) in [
        ("?action=CUSTOMER_UPDATED", vec![renamed]),
        ("?action=CUSTOMER", vec![]),
        ("?actor=usr_user", vec![updated, created]),
        ("?actor=usr_admin", vec![renamed, "CUSTOMER_CREATED"]),
        (&by_entity, vec![updated, created]),
        (&format!("{by_entity}&action={created}"), vec![created]),
        ("?from=2026-11-23T08:00:02Z", vec![updated, renamed]),
        ("?to=2026-11-23T08:00:02Z", vec![created, "CUSTOMER_CREATED"]),
        (
            "?from=2026-11-23T08:00:01Z&to=2026-11-23T08:00:03Z",
            vec![renamed, created],
        ),
        ("?from=2026-11-23T08:00:02Z&to=2026-11-23T08:00:02Z", vec![]),
        (
            "?from=2026-11-23T08:00:01Z&actor=usr_user&action=CUSTOMER_LOCATION_UPDATED",
            vec![updated],
        ),
        ("?from=2030-01-01T00:00:00Z", vec![]),
    ] {
        let entries = world.all(&world.admin(), &format!("{path}{query}")).await;
        let actions: Vec<&Value> = entries.iter().map(|entry| &entry["action"]).collect();
        assert_eq!(actions, expected, "{query}");
        let sign = if query.is_empty() { '?' } else { '&' };
        let one_by_one = world.all(&world.admin(), &format!("{path}{query}{sign}limit=1")).await;
        assert_eq!(one_by_one, entries, "{query}");
        let page = world.get(&world.admin(), &format!("{path}{query}")).await.expect(200);
        assert_eq!(page.requests, ["Query"], "{query}");
    }
    for (query, field) in [
        ("?from=x", "from"),
        ("?to=2026-11-23T08:00:01Z&from=2026-11-23T08:00:02Z", "to"),
        ("?entity=", "entity"),
        ("?who=me", "who"),
    ] {
        let answer = world.get(&world.admin(), &format!("{path}{query}")).await;
        assert_eq!(answer.invalid_fields(), [field], "{query}");
    }
    // A cursor belongs to its filters.
    let first = world
        .get(&world.admin(), &format!("{path}?actor=usr_user&limit=1"))
        .await
        .expect(200);
    let cursor = first.body["nextCursor"].as_str().unwrap();
    for other in ["?actor=usr_admin", "?from=2026-11-23T08:00:00Z", "?limit=1"] {
        let answer = world
            .get(&world.admin(), &format!("{path}{other}&cursor={cursor}"))
            .await;
        assert_eq!(answer.invalid_fields(), ["cursor"], "{other}");
    }
}
