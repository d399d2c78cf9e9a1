//! The header of every answer, and the form of every problem.

use crate::support::{Call, World, at, key_of};
use serde_json::{Value, json};

#[tokio::test]
async fn every_answer_has_its_request_id() {
    let world = World::new().await;
    let customer = key_of(&world.tenant("Acme").await);
    let mut ids = Vec::new();
    for (method, path, body) in [
        ("GET", at(&customer), None),
        ("GET", "/v1/customers".into(), None),
        ("GET", "/v1/openapi.json".into(), None),
        ("PATCH", at(&customer), Some(json!({"name": "New"}))),
        ("PATCH", at(&customer), Some(json!({"name": 1}))),
        ("POST", format!("{}/reactivate", at(&customer)), Some(json!({}))),
        ("GET", at("x"), None),
        ("DELETE", at(&customer), None),
        ("GET", at(&customer), None),
    ] {
        let mut call = Call::new(method, &path).by(&world.admin());
        if let Some(body) = body {
            call = call.json(body);
        }
        let answer = world.send(call).await;
        let id = answer.header("x-request-id").unwrap().to_owned();
        assert!(answer.status < 400 || answer.body["requestId"] == json!(id));
        ids.push(id);
    }
    let refused = world
        .send(Call::new("GET", "/v1/customers"))
        .await
        .problem(401, "NOT_AUTHORIZED");
    ids.push(refused.header("x-request-id").unwrap().to_owned());
    let expected: Vec<String> = (1..=ids.len()).map(|n| format!("req-{n}")).collect();
    assert_eq!(ids, expected);
}

#[tokio::test]
async fn a_problem_has_the_fields_of_rfc_9457() {
    let world = World::new().await;
    let body = json!({"type": "Business", "name": "", "isTenantCustomer": true});
    let answer = world.post(&world.admin(), "/v1/customers", body).await;
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    insta::assert_json_snapshot!(answer.body);
}

#[tokio::test]
async fn each_code_has_its_status_and_details() {
    let world = World::new().await;
    let own = world.member_customer("Own").await;
    let other = key_of(&world.customer(json!({"externalId": "taken"})).await);
    let deactivated = world.member_customer("Deactivated").await;
    let (admin, user) = (world.admin(), world.user("CustomerAdmin", &own));
    world
        .post(
            &admin,
            &format!("{}/deactivate", at(&deactivated)),
            json!({"windowEndsAt": "2026-11-23T08:00:01Z"}),
        )
        .await
        .expect(200);
    world.clock.forward(chrono::TimeDelta::seconds(2));
    let answers = [
        world.send(Call::new("GET", &at(&own))).await,
        world.get(&world.user("ClientViewer", &own), &at(&own)).await,
        world.get(&user, &at(&other)).await,
        world.get(&admin, &at("cus_x")).await,
        world.get(&admin, &format!("{}/locations/loc_x", at(&own))).await,
        world.get(&admin, "/v1/tenants/nobody").await,
        world.send(Call::new("PATCH", &at(&own)).by(&user).body("{")).await,
        world.patch(&user, &at(&own), json!({"email": "x", "colour": 1})).await,
        world.patch(&admin, &at(&own), json!({"externalId": "taken"})).await,
        world.patch(&admin, &at(&deactivated), json!({"name": "New"})).await,
        world
            .post(&admin, &format!("{}/reactivate", at(&deactivated)), json!({}))
            .await,
        world
            .send(
                Call::new("PATCH", &at(&own))
                    .by(&user)
                    .header("if-match", "\"7\"")
                    .json(json!({"name": "New"})),
            )
            .await,
        world
            .send(
                Call::new("PATCH", &at(&own))
                    .by(&user)
                    .header("content-type", "text/plain")
                    .body("{}"),
            )
            .await,
    ];
    let problems: Vec<Value> = answers
        .into_iter()
        .map(|answer| {
            let mut body = answer.body;
            body.as_object_mut().unwrap().remove("requestId");
            body
        })
        .collect();
    insta::assert_json_snapshot!(problems);
}

#[tokio::test]
async fn an_unauthorized_answer_names_the_scheme() {
    let world = World::new().await;
    for call in [
        Call::new("GET", "/v1/customers"),
        Call::new("GET", "/v1/customers").header("authorization", "Bearer malformed"),
    ] {
        let answer = world.send(call).await.problem(401, "NOT_AUTHORIZED");
        assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer "));
    }
}

/// One request with several errors. Each round corrects the error that the service reported.
#[tokio::test]
async fn checks_run_in_the_documented_order() {
    let world = World::new().await;
    let (own, other) = (world.member_customer("Own").await, world.member_customer("Other").await);
    let patch = |path: &str| Call::new("PATCH", path).header("if-match", "\"7\"");
    let wrong = |call: Call| call.json(json!({"email": "x"}));
    let right = |call: Call| call.json(json!({"email": "a@acme.example"}));
    let (member, editor, admin) = (
        world.user("Member", &own),
        world.user("CustomerAdmin", &own),
        world.admin(),
    );
    for (call, status, code) in [
        (wrong(patch(&at(&other))), 401, "NOT_AUTHORIZED"),
        (wrong(patch(&at(&other))).by(&member), 403, "FORBIDDEN"),
        (wrong(patch(&at(&other))).by(&editor), 400, "KEY_MISMATCH"),
        (wrong(patch(&at("cus_x"))).by(&editor), 400, "KEY_MISMATCH"),
        (wrong(patch(&at("cus_x"))).by(&admin), 400, "VALIDATION_FAILED"),
        (right(patch(&at("cus_x"))).by(&admin), 404, "NOT_FOUND"),
        (
            right(patch(&at("cus_01kb1v0c1tfr2v6krscysfnvgb"))).by(&admin),
            404,
            "NOT_FOUND",
        ),
        (wrong(patch(&at(&own))).by(&editor), 400, "VALIDATION_FAILED"),
        (right(patch(&at(&own))).by(&editor), 412, "VERSION_MISMATCH"),
    ] {
        world.send(call).await.problem(status, code);
    }
}
