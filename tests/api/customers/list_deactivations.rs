//! GET /v1/customers/{customerKey}/deactivations

use crate::support::{World, at};
use chrono::TimeDelta;
use serde_json::{Value, json};

#[tokio::test]
async fn the_log_lists_every_deactivation_newest_first() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let mut requests = Vec::new();
    for score in 0..3 {
        let body = json!({"feedback": {"recommendationScore": score}, "windowEndsAt": "2026-12-01T00:00:00Z"});
        let answer = world
            .post(&world.admin(), &format!("{}/deactivate", at(&customer)), body)
            .await
            .expect(200);
        requests.push(answer.header("x-request-id").unwrap().to_owned());
        world.clock.forward(TimeDelta::seconds(1));
        world.act(&at(&customer), "reactivate").await;
    }
    let log = world
        .all(
            &world.user("Member", &customer),
            &format!("{}/deactivations?limit=2", at(&customer)),
        )
        .await;
    let keys: Vec<&Value> = log.iter().map(|entry| &entry["key"]).collect();
    assert!(keys.iter().all(|key| key.as_str().unwrap().starts_with("dea_")));
    let expected: Vec<Value> = (0..3)
        .rev()
        .map(|score| {
            json!({
                "key": keys[2 - score], "reactivatedAt": format!("2026-11-23T08:00:0{}.000Z", score + 1),
                "deactivatedAt": format!("2026-11-23T08:00:0{score}.000Z"), "deactivatedBy": "usr_admin",
                "windowEndsAt": "2026-12-01T00:00:00.000Z", "feedback": {"recommendationScore": score},
                "requestId": requests[score],
            })
        })
        .collect();
    assert_eq!(log, expected);
}

#[tokio::test]
async fn a_customer_that_was_never_deactivated_has_an_empty_log() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let page = world
        .get(&world.admin(), &format!("{}/deactivations", at(&customer)))
        .await
        .expect(200);
    assert_eq!(page.body, json!({"items": [], "nextCursor": null}));
}

#[tokio::test]
async fn a_missing_customers_log_is_not_found() {
    let world = World::new().await;
    let unknown = at("cus_01kb1v0c1tfr2v6krscysfnvgb");
    world
        .get(&world.admin(), &format!("{unknown}/deactivations"))
        .await
        .problem(404, "NOT_FOUND");
}
