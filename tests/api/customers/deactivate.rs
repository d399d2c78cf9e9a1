//! POST /v1/customers/{customerKey}/deactivate

use crate::support::{Answer, Call, World, at};
use chrono::TimeDelta;
use serde_json::{Value, json};

async fn deactivate(world: &World, customer: &str, body: Value) -> Answer {
    world
        .post(&world.admin(), &format!("{}/deactivate", at(customer)), body)
        .await
}

#[tokio::test]
async fn a_deactivated_customer_shows_the_time_the_actor_and_the_window() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let caller = world.user("CustomerAdmin", &customer);
    let answer = world
        .post(&caller, &format!("{}/deactivate", at(&customer)), json!({}))
        .await
        .expect(200);
    assert_eq!(answer.header("etag"), Some("\"2\""));
    assert_eq!(
        (&answer.body["isDisabled"], &answer.body["version"]),
        (&json!(true), &json!(2))
    );
    assert_eq!(
        answer.body["deactivation"],
        json!({
            "deactivatedAt": "2026-11-23T08:00:00.000Z", "deactivatedBy": "usr_user", "by": "Self",
            "windowEndsAt": "2026-12-14T08:00:00.000Z",
        })
    );
    assert_eq!(world.get(&caller, &at(&customer)).await.expect(200).body, answer.body);
}

#[tokio::test]
async fn the_body_is_optional() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let call = Call::new("POST", &format!("{}/deactivate", at(&customer))).by(&world.admin());
    let answer = world.send(call).await.expect(200);
    assert_eq!(answer.body["deactivation"]["windowEndsAt"], "2026-12-14T08:00:00.000Z");
}

#[tokio::test]
async fn the_window_must_end_within_a_year() {
    for (end, shown) in [
        ("2026-11-23T08:00:00.001Z", Some("2026-11-23T08:00:00.001Z")),
        ("2026-11-24T10:00:00+02:00", Some("2026-11-24T08:00:00.000Z")),
        ("2027-11-23T08:00:00Z", Some("2027-11-23T08:00:00.000Z")),
        ("2027-11-23T08:00:00.001Z", None),
        ("2026-11-23T08:00:00Z", None),
        ("2020-01-01T00:00:00Z", None),
        ("tomorrow", None),
        ("2026-12-01", None),
    ] {
        let world = World::new().await;
        let customer = world.member_customer("Acme").await;
        let answer = deactivate(&world, &customer, json!({"windowEndsAt": end})).await;
        match shown {
            Some(shown) => assert_eq!(answer.expect(200).body["deactivation"]["windowEndsAt"], shown, "{end}"),
            None => assert_eq!(answer.invalid_fields(), ["windowEndsAt"], "{end}"),
        }
    }
}

#[tokio::test]
async fn invalid_feedback_is_refused() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let long = "a".repeat(2001);
    for (feedback, invalid) in [
        (json!("bye"), "feedback"),
        (json!({"reasonCode": "Bored"}), "feedback.reasonCode"),
        (json!({"reasonCode": "Other"}), "feedback.reasonText"),
        (
            json!({"reasonCode": "Other", "reasonText": "  "}),
            "feedback.reasonText",
        ),
        (json!({"reasonText": long}), "feedback.reasonText"),
        (json!({"context": long}), "feedback.context"),
        (json!({"recommendationScore": -1}), "feedback.recommendationScore"),
        (json!({"recommendationScore": 11}), "feedback.recommendationScore"),
        (json!({"recommendationScore": 9.5}), "feedback.recommendationScore"),
        (json!({"recommendationScore": "9"}), "feedback.recommendationScore"),
        (json!({"mood": "sad"}), "feedback.mood"),
    ] {
        let answer = deactivate(&world, &customer, json!({"feedback": feedback})).await;
        assert_eq!(answer.invalid_fields(), [invalid], "{feedback}");
    }
    assert_eq!(
        deactivate(&world, &customer, json!({"reason": "x"}))
            .await
            .invalid_fields(),
        ["reason"]
    );
    assert_eq!(
        world.get(&world.admin(), &at(&customer)).await.expect(200).body["isDisabled"],
        false
    );
}

#[tokio::test]
async fn an_invalid_window_and_invalid_feedback_are_named_at_once() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let body = json!({"windowEndsAt": "2020-01-01T00:00:00Z", "feedback": {"reasonCode": "Other"}});
    assert_eq!(
        deactivate(&world, &customer, body).await.invalid_fields(),
        ["windowEndsAt", "feedback.reasonText"]
    );
}

#[tokio::test]
async fn valid_feedback_is_accepted_and_logged() {
    for (index, code) in [
        "TooExpensive",
        "MissingFeatures",
        "SwitchedProvider",
        "NoLongerNeeded",
        "TechnicalIssues",
        "PoorSupport",
        "Other",
    ]
    .into_iter()
    .enumerate()
    {
        let world = World::new().await;
        let customer = world.member_customer("Acme").await;
        let text = format!("{}.", "two\nlines ".repeat(199));
        let feedback =
            json!({"reasonCode": code, "reasonText": text, "recommendationScore": index + 4, "context": text});
        deactivate(&world, &customer, json!({"feedback": feedback}))
            .await
            .expect(200);
        let log = world
            .all(&world.admin(), &format!("{}/deactivations", at(&customer)))
            .await;
        assert_eq!(log[0]["feedback"], feedback);
    }
}

#[tokio::test]
async fn a_second_deactivation_is_refused() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    deactivate(&world, &customer, json!({})).await.expect(200);
    deactivate(&world, &customer, json!({}))
        .await
        .problem(409, "CUSTOMER_DISABLED");
}

#[tokio::test]
async fn concurrent_deactivations_deactivate_once() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let (one, two) = tokio::join!(
        deactivate(&world, &customer, json!({})),
        deactivate(&world, &customer, json!({}))
    );
    let mut statuses = [one.status, two.status];
    statuses.sort();
    assert_eq!(statuses, [200, 409]);
    assert_eq!(
        world
            .all(&world.admin(), &format!("{}/deactivations", at(&customer)))
            .await
            .len(),
        1
    );
}

#[tokio::test]
async fn only_platform_staff_deactivate_a_tenant() {
    let world = World::new().await;
    let tenant = crate::support::key_of(&world.tenant("Acme").await);
    let path = format!("{}/deactivate", at(&tenant));
    let answer = world
        .post(&world.user("CustomerAdmin", &tenant), &path, json!({}))
        .await
        .problem(403, "FORBIDDEN");
    assert_eq!(
        answer.body["details"],
        json!({"permission": "PlatformAdminEditAllCustomers"})
    );
    world.post(&world.admin(), &path, json!({})).await.expect(200);
}

#[tokio::test]
async fn a_parents_client_editor_deactivates_and_reactivates_the_account() {
    let world = World::new().await;
    let (parent, account) = (
        world.member_customer("Parent").await,
        world.member_customer("Account").await,
    );
    world.set_parent(&account, &parent).await;
    for role in ["CustomerAdmin", "TenantAdmin", "ClientEditor"] {
        let caller = world.user(role, &parent);
        world.get(&caller, &at(&account)).await.expect(200);
        world
            .post(&caller, &format!("{}/deactivate", at(&account)), json!({}))
            .await
            .expect(200);
        world
            .post(&caller, &format!("{}/reactivate", at(&account)), json!({}))
            .await
            .expect(200);
        world.clock.forward(TimeDelta::seconds(1));
    }
}

#[tokio::test]
async fn a_deactivated_customer_can_be_read() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    deactivate(&world, &customer, json!({})).await.expect(200);
    for below in ["", "/deactivations", "/audit", "/locations"] {
        world
            .get(
                &world.user("CustomerAdmin", &customer),
                &format!("{}{below}", at(&customer)),
            )
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn the_deactivating_write_adds_the_audit_entry() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let answer = deactivate(&world, &customer, json!({})).await.expect(200);
    let before = world.audit(&customer).await;
    assert_eq!(before.len(), 1);
    let expected = json!({
        "key": before[0]["key"], "action": "CUSTOMER_DEACTIVATED", "time": "2026-11-23T08:00:00.000Z",
        "actor": {"kind": "User", "id": "usr_admin"}, "requestId": answer.header("x-request-id"),
        "entity": {"kind": "Customer", "key": customer}, "version": 2, "changed": ["apiKeysEndedAt", "deactivation", "isDisabled"],
    });
    assert_eq!(before[0], expected);
    // The trigger writes the entry again under the same key, so there is still one.
    world.settle().await;
    let deactivations: Vec<_> = world
        .audit(&customer)
        .await
        .into_iter()
        .filter(|entry| entry["action"] == "CUSTOMER_DEACTIVATED")
        .collect();
    assert_eq!(deactivations, [expected]);
}
