//! Idempotency-Key, on every POST that creates or changes something.

use crate::support::{Answer, Call, Token, World, at, key_of};
use chrono::TimeDelta;
use serde_json::{Value, json};

async fn post(world: &World, caller: &Token, path: &str, key: &str, body: Value) -> Answer {
    world
        .send(
            Call::new("POST", path)
                .by(caller)
                .header("idempotency-key", key)
                .json(body),
        )
        .await
}

fn tenant(name: &str) -> Value {
    json!({"type": "Business", "name": name, "isTenantCustomer": true})
}

#[track_caller]
fn assert_replay(first: &Answer, again: &Answer) {
    assert_eq!(again.header("idempotent-replay"), Some("true"), "{}", again.body);
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    for header in ["etag", "location", "content-type"] {
        assert_eq!(again.header(header), first.header(header), "{header}");
    }
    assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer_and_creates_nothing() {
    let world = World::new().await;
    let first = post(&world, &world.admin(), "/v1/customers", "k", tenant("Acme"))
        .await
        .expect(201);
    assert_eq!(first.header("idempotent-replay"), None);
    for _ in 0..2 {
        assert_replay(
            &first,
            &post(&world, &world.admin(), "/v1/customers", "k", tenant("Acme")).await,
        );
    }
    assert_eq!(world.all(&world.admin(), "/v1/customers").await.len(), 1);
}

#[tokio::test]
async fn an_equivalent_body_is_the_same_request() {
    let world = World::new().await;
    let call = |body: &str| {
        let call = Call::new("POST", "/v1/customers")
            .by(&world.admin())
            .header("idempotency-key", "k");
        call.header("content-type", "application/json").body(body)
    };
    let first = world
        .send(call(r#"{"type":"Business","name":"Acme","isTenantCustomer":true}"#))
        .await
        .expect(201);
    let again = world
        .send(call(
            r#"{ "isTenantCustomer": true, "name": "Acme", "email": null, "type": "Business" }"#,
        ))
        .await;
    assert_replay(&first, &again);
}

#[tokio::test]
async fn locations_and_actions_are_replayed() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let caller = world.user("CustomerAdmin", &customer);
    for (below, body) in [
        (
            "locations",
            json!({"name": "Main", "address": {"line1": "1 Main Street", "city": "Springfield"}, "internalCode": "A", "isHeadquarters": true}),
        ),
        (
            "locations",
            json!({"name": "Other", "address": {"line1": "1 Main Street", "city": "Springfield"}, "isHeadquarters": true}),
        ),
        ("deactivate", json!({"feedback": {"recommendationScore": 3}})),
        ("reactivate", json!({})),
    ] {
        let path = format!("{}/{below}", at(&customer));
        let key = body.to_string().replace([' ', ','], "");
        let first = post(&world, &caller, &path, &key, body.clone()).await;
        assert!(first.status < 300, "{}", first.body);
        let written = world.stream_records(0).len();
        assert_replay(&first, &post(&world, &caller, &path, &key, body.clone()).await);
        assert_eq!(world.stream_records(0).len(), written);
    }
}

#[tokio::test]
async fn a_replay_ignores_later_changes_and_deletion() {
    let world = World::new().await;
    let admin = world.admin();
    let created = post(&world, &admin, "/v1/customers", "create", tenant("Acme"))
        .await
        .expect(201);
    let path = at(created.key());
    let body = json!({"name": "Main", "address": {"line1": "1 Main Street", "city": "Springfield"}});
    let location = post(&world, &admin, &format!("{path}/locations"), "place", body.clone())
        .await
        .expect(201);
    let deactivated = post(&world, &admin, &format!("{path}/deactivate"), "off", json!({}))
        .await
        .expect(200);
    let reactivated = post(&world, &admin, &format!("{path}/reactivate"), "on", json!({}))
        .await
        .expect(200);
    world.patch(&admin, &path, json!({"name": "Changed"})).await.expect(200);
    for _ in 0..2 {
        assert_replay(
            &created,
            &post(&world, &admin, "/v1/customers", "create", tenant("Acme")).await,
        );
        assert_replay(
            &location,
            &post(&world, &admin, &format!("{path}/locations"), "place", body.clone()).await,
        );
        assert_replay(
            &deactivated,
            &post(&world, &admin, &format!("{path}/deactivate"), "off", json!({})).await,
        );
        assert_replay(
            &reactivated,
            &post(&world, &admin, &format!("{path}/reactivate"), "on", json!({})).await,
        );
        // The second round repeats the requests after the customer's deletion.
        world.delete(&admin, &path).await;
    }
}

#[tokio::test]
async fn a_stale_etag_does_not_prevent_a_replay() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let call = || {
        let call = Call::new("POST", &format!("{}/deactivate", at(&customer))).by(&world.admin());
        call.header("idempotency-key", "k")
            .header("if-match", "\"1\"")
            .json(json!({}))
    };
    let first = world.send(call()).await.expect(200);
    assert_replay(&first, &world.send(call()).await);
}

#[tokio::test]
async fn another_body_with_the_same_key_is_refused() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    for (path, one, two) in [
        ("/v1/customers".to_owned(), tenant("One"), tenant("Two")),
        (
            format!("{}/locations", at(&customer)),
            json!({"name": "A", "address": {"line1": "1 Main Street", "city": "Springfield"}}),
            json!({"name": "B", "address": {"line1": "1 Main Street", "city": "Springfield"}}),
        ),
        (
            format!("{}/deactivate", at(&customer)),
            json!({}),
            json!({"windowEndsAt": "2026-12-01T00:00:00Z"}),
        ),
    ] {
        let first = post(&world, &world.admin(), &path, "k", one).await;
        assert!(first.status < 300);
        post(&world, &world.admin(), &path, "k", two)
            .await
            .problem(422, "IDEMPOTENCY_KEY_REUSED");
    }
}

#[tokio::test]
async fn a_key_belongs_to_one_caller_one_tenant_and_one_operation() {
    let world = World::new().await;
    let (one, two) = (world.member_customer("One").await, world.member_customer("Two").await);
    let body = || json!({"name": "Main", "address": {"line1": "1 Main Street", "city": "Springfield"}});
    let locations = |customer: &str| format!("{}/locations", at(customer));
    let admin = world.admin();
    let mut keys = Vec::new();
    for (caller, path, body) in [
        (admin.clone(), locations(&one), body()),
        (admin.clone(), locations(&two), body()),
        (world.user("CustomerAdmin", &one), locations(&one), body()),
        (
            world.user("CustomerAdmin", &one).subject("usr_another"),
            locations(&one),
            body(),
        ),
        (world.user("CustomerAdmin", &two), locations(&two), body()),
        (admin.clone(), "/v1/customers".into(), tenant("New")),
        (admin.clone(), format!("{}/deactivate", at(&one)), json!({})),
        (admin.clone(), format!("{}/reactivate", at(&one)), json!({})),
    ] {
        let answer = post(&world, &caller, &path, "k", body).await;
        assert!(answer.status < 300, "{path}: {}", answer.body);
        assert_eq!(answer.header("idempotent-replay"), None, "{path}");
        keys.push(key_of(&answer.body));
    }
    keys.dedup();
    assert_eq!(keys.len(), 7, "the last two answers show the same customer");
}

#[tokio::test]
async fn a_key_expires_after_a_day() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let path = format!("{}/locations", at(&customer));
    let body = || json!({"name": "Main", "address": {"line1": "1 Main Street", "city": "Springfield"}});
    let first = post(&world, &world.admin(), &path, "k", body()).await.expect(201);
    world.clock.forward(TimeDelta::hours(24) - TimeDelta::seconds(1));
    assert_replay(&first, &post(&world, &world.admin(), &path, "k", body()).await);
    world.clock.forward(TimeDelta::seconds(1));
    // DynamoDB's TTL may be late: the table still holds the key's record.
    let second = post(&world, &world.admin(), &path, "k", body()).await.expect(201);
    assert_eq!(second.header("idempotent-replay"), None);
    assert_ne!(second.key(), first.key());
    assert_replay(&second, &post(&world, &world.admin(), &path, "k", body()).await);
}

#[tokio::test]
async fn an_actions_key_expires_after_a_day() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let path = format!("{}/deactivate", at(&customer));
    post(&world, &world.admin(), &path, "k", json!({})).await.expect(200);
    world.act(&at(&customer), "reactivate").await;
    world.clock.forward(TimeDelta::hours(24));
    let second = post(&world, &world.admin(), &path, "k", json!({})).await.expect(200);
    assert_eq!(
        (second.header("idempotent-replay"), second.header("etag")),
        (None, Some("\"4\""))
    );
}

#[tokio::test]
async fn a_failed_request_is_not_replayed() {
    let world = World::new().await;
    let member = json!({"type": "Business", "name": "New", "isTenantCustomer": false, "bootstrapTenantKey": "acme"});
    post(&world, &world.admin(), "/v1/customers", "k", member.clone())
        .await
        .problem(404, "TENANT_NOT_FOUND");
    world.customer(json!({"bootstrapTenantKey": "acme"})).await;
    post(&world, &world.admin(), "/v1/customers", "k", member)
        .await
        .expect(201);
}

#[tokio::test]
async fn a_replay_requires_the_permission() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let caller = world.user("CustomerAdmin", &customer);
    let path = format!("{}/locations", at(&customer));
    post(
        &world,
        &caller,
        &path,
        "k",
        json!({"name": "Main", "address": {"line1": "1 Main Street", "city": "Springfield"}}),
    )
    .await
    .expect(201);
    let demoted = caller.role("Member");
    post(
        &world,
        &demoted,
        &path,
        "k",
        json!({"name": "Main", "address": {"line1": "1 Main Street", "city": "Springfield"}}),
    )
    .await
    .problem(403, "FORBIDDEN");
}

#[tokio::test]
async fn concurrent_requests_with_one_key_act_once() {
    for (below, body) in [
        ("", tenant("New")),
        (
            "locations",
            json!({"name": "Main", "address": {"line1": "1 Main Street", "city": "Springfield"}, "internalCode": "A", "isHeadquarters": true}),
        ),
        ("deactivate", json!({})),
        ("reactivate", json!({})),
    ] {
        let world = World::new().await;
        let customer = world.member_customer("Acme").await;
        if below == "reactivate" {
            world.act(&at(&customer), "deactivate").await;
        }
        let path = if below.is_empty() {
            "/v1/customers".into()
        } else {
            format!("{}/{below}", at(&customer))
        };
        let admin = world.admin();
        let (one, two) = tokio::join!(
            post(&world, &admin, &path, "k", body.clone()),
            post(&world, &admin, &path, "k", body.clone())
        );
        let (first, second) = if one.header("idempotent-replay").is_none() && one.status < 300 {
            (one, two)
        } else {
            (two, one)
        };
        assert!(first.status < 300, "{path}: {}", first.body);
        assert_eq!(first.header("idempotent-replay"), None);
        if second.status == 409 {
            second.problem(409, "REQUEST_IN_PROGRESS");
        } else {
            assert_replay(&first, &second);
        }
    }
}

#[tokio::test]
async fn a_malformed_key_is_named() {
    let world = World::new().await;
    let long = "k".repeat(256);
    for key in ["", " ", "two words", "ünï", &long, "a\tb"] {
        assert_eq!(
            post(&world, &world.admin(), "/v1/customers", key, tenant("New"))
                .await
                .invalid_fields(),
            ["Idempotency-Key"],
            "{key}"
        );
    }
    post(&world, &world.admin(), "/v1/customers", &"k".repeat(255), tenant("New"))
        .await
        .expect(201);
}

#[tokio::test]
async fn a_malformed_key_is_named_with_all_other_errors() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let call = Call::new("POST", &format!("{}/deactivate", at(&customer))).by(&world.admin());
    let call = call
        .header("idempotency-key", "")
        .header("if-match", "x")
        .json(json!({"more": 1}));
    let mut invalid = world.send(call).await.invalid_fields();
    invalid.sort();
    assert_eq!(invalid, ["Idempotency-Key", "If-Match", "more"]);
}

#[tokio::test]
async fn two_keys_in_one_request_are_refused() {
    let world = World::new().await;
    // API Gateway joins the values of a repeated header.
    for joined in ["one,two", "one, two", "one,one", ",one", "one,"] {
        let answer = post(&world, &world.admin(), "/v1/customers", joined, tenant("Acme")).await;
        assert_eq!(answer.invalid_fields(), ["Idempotency-Key"], "{joined}");
    }
    assert!(world.all(&world.admin(), "/v1/customers").await.is_empty());
}
