//! POST /v1/customers/{customerKey}/reactivate

use crate::support::{Call, Token, World, at};
use chrono::TimeDelta;
use serde_json::json;

#[tokio::test]
async fn reactivating_restores_the_customer_but_not_its_keys() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let caller = world.user("CustomerAdmin", &customer);
    let before = world.get(&caller, &at(&customer)).await.body;
    world
        .post(&caller, &format!("{}/deactivate", at(&customer)), json!({}))
        .await
        .expect(200);
    let after = world
        .post(&caller, &format!("{}/reactivate", at(&customer)), json!({}))
        .await
        .expect(200);
    assert_eq!(after.header("etag"), Some("\"3\""));
    let mut expected = before;
    expected["version"] = json!(3);
    expected["updatedBy"] = json!("usr_user");
    // The customer's API keys stay ended.
    expected["apiKeysEndedAt"] = json!("2026-11-23T08:00:00.000Z");
    assert_eq!(after.body, expected);
    world
        .patch(&caller, &at(&customer), json!({"name": "Back"}))
        .await
        .expect(200);
}

#[tokio::test]
async fn reactivation_is_refused_after_the_window() {
    let end = TimeDelta::days(21);
    for (passed, status) in [(end, 200), (end + TimeDelta::milliseconds(1), 409)] {
        let world = World::new().await;
        let customer = world.member_customer("Acme").await;
        world.act(&at(&customer), "deactivate").await;
        world.clock.forward(passed);
        let answer = world
            .post(&world.admin(), &format!("{}/reactivate", at(&customer)), json!({}))
            .await;
        assert_eq!(answer.status, status);
        if status == 409 {
            answer.problem(409, "REACTIVATION_WINDOW_CLOSED");
        }
    }
}

#[tokio::test]
async fn only_platform_staff_extend_the_window() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let caller = world.user("CustomerAdmin", &customer);
    world
        .post(&caller, &format!("{}/deactivate", at(&customer)), json!({}))
        .await
        .expect(200);
    world.clock.forward(TimeDelta::days(30));
    let extension = json!({"deactivation": {"windowEndsAt": "2027-01-01T00:00:00Z"}});
    let caller = world.user("CustomerAdmin", &customer);
    world
        .patch(&caller, &at(&customer), extension.clone())
        .await
        .problem(403, "FORBIDDEN");
    let extended = world
        .patch(&world.admin(), &at(&customer), extension)
        .await
        .expect(200)
        .body;
    assert_eq!(
        extended["deactivation"],
        json!({
            "deactivatedAt": "2026-11-23T08:00:00.000Z", "deactivatedBy": "usr_user", "by": "Self",
            "windowEndsAt": "2027-01-01T00:00:00.000Z",
        })
    );
    world
        .post(&caller, &format!("{}/reactivate", at(&customer)), json!({}))
        .await
        .expect(200);
}

#[tokio::test]
async fn an_extended_window_must_end_within_a_year() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    world.act(&at(&customer), "deactivate").await;
    for end in [
        json!("2026-11-23T08:00:00Z"),
        json!("2027-11-23T08:00:01Z"),
        json!("soon"),
        json!(null),
    ] {
        let answer = world
            .patch(
                &world.admin(),
                &at(&customer),
                json!({"deactivation": {"windowEndsAt": end}}),
            )
            .await;
        assert_eq!(answer.invalid_fields(), ["deactivation.windowEndsAt"], "{end}");
    }
}

#[tokio::test]
async fn a_patch_cannot_remove_the_deactivation() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    world.act(&at(&customer), "deactivate").await;
    for caller in [world.admin(), world.user("CustomerAdmin", &customer)] {
        let answer = world
            .patch(&caller, &at(&customer), json!({"deactivation": null}))
            .await;
        assert_eq!(answer.invalid_fields(), ["deactivation"]);
    }
}

#[tokio::test]
async fn an_enabled_customer_cannot_be_reactivated() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let answer = world
        .post(&world.admin(), &format!("{}/reactivate", at(&customer)), json!({}))
        .await;
    assert_eq!(
        answer.problem(409, "CONFLICT").body["details"],
        json!({"field": "isDisabled"})
    );
}

#[tokio::test]
async fn reactivation_accepts_no_fields() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let answer = world
        .post(
            &world.admin(),
            &format!("{}/reactivate", at(&customer)),
            json!({"why": "x"}),
        )
        .await;
    assert_eq!(answer.invalid_fields(), ["why"]);
}

/// An account, its parent, and a caller in each capacity over the account, the lowest first.
async fn account(world: &World) -> (String, [(&'static str, Token); 3]) {
    let (parent, account) = (
        world.member_customer("Parent").await,
        world.member_customer("Account").await,
    );
    world.set_parent(&account, &parent).await;
    let callers = [
        ("Self", world.user("CustomerAdmin", &account)),
        ("Parent", world.user("ClientEditor", &parent)),
        ("Platform", world.admin()),
    ];
    (account, callers)
}

#[tokio::test]
async fn only_the_same_or_a_higher_capacity_reactivates() {
    let world = World::new().await;
    let (account, callers) = account(&world).await;
    let (deactivate, reactivate) = (
        format!("{}/deactivate", at(&account)),
        format!("{}/reactivate", at(&account)),
    );
    for (rank, (by, deactivating)) in callers.iter().enumerate() {
        for (other, (_, reactivating)) in callers.iter().enumerate() {
            let deactivated = world.post(deactivating, &deactivate, json!({})).await.expect(200);
            assert_eq!(deactivated.body["deactivation"]["by"], *by);
            let answer = world.post(reactivating, &reactivate, json!({})).await;
            if other >= rank {
                answer.expect(200);
            } else {
                let permission = match *by {
                    "Platform" => "PlatformAdminEditAllCustomers",
                    _ => "EditClient",
                };
                let refused = answer.problem(403, "FORBIDDEN");
                assert_eq!(refused.body["details"], json!({"permission": permission}));
                let shown = world.get(&world.admin(), &at(&account)).await.expect(200).body;
                assert_eq!(shown, deactivated.body);
                world.act(&at(&account), "reactivate").await;
            }
            world.clock.forward(TimeDelta::seconds(1));
        }
    }
}

#[tokio::test]
async fn a_tenant_cannot_undo_the_deactivation_by_platform_staff() {
    let world = World::new().await;
    let tenant = crate::support::key_of(&world.tenant("Acme").await);
    world.act(&at(&tenant), "deactivate").await;
    let path = format!("{}/reactivate", at(&tenant));
    let own = world.user("CustomerAdmin", &tenant);
    world.post(&own, &path, json!({})).await.problem(403, "FORBIDDEN");
    // Also if it is late, or names a stale version: a caller who may not reactivate learns nothing else.
    let stale = Call::new("POST", &path)
        .by(&own)
        .header("if-match", "\"7\"")
        .json(json!({}));
    world.send(stale).await.problem(403, "FORBIDDEN");
    world.clock.forward(TimeDelta::days(30));
    let own = world.user("CustomerAdmin", &tenant);
    world.post(&own, &path, json!({})).await.problem(403, "FORBIDDEN");
}

#[tokio::test]
async fn nobody_writes_the_capacity() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    world.act(&at(&customer), "deactivate").await;
    let patch = json!({"deactivation": {"by": "Self"}});
    for caller in [world.admin(), world.user("CustomerAdmin", &customer)] {
        let answer = world.patch(&caller, &at(&customer), patch.clone()).await;
        assert_eq!(answer.invalid_fields(), ["deactivation.by"]);
    }
    let body = json!({"by": "Self"});
    let answer = world
        .post(&world.admin(), &format!("{}/deactivate", at(&customer)), body)
        .await;
    assert_eq!(answer.invalid_fields(), ["by"]);
}
