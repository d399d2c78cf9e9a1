//! GET /v1/customers/{customerKey}/deactivations

use crate::support::{TABLE, World, at, key_of};
use chrono::TimeDelta;
use domain::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use table::keys;

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
    let keys: Vec<String> = log.iter().map(key_of).collect();
    assert!(keys.iter().all(|key| key.starts_with("dea_")));
    assert_eq!(BTreeSet::from_iter(&keys).len(), 3);
    let expected: Vec<Value> = (0..3)
        .rev()
        .map(|score| {
            json!({
                "key": keys[2 - score], "deactivatedAt": format!("2026-11-23T08:00:0{score}.000Z"), "deactivatedBy": "usr_admin", "by": "Platform",
                "windowEndsAt": "2026-12-01T00:00:00.000Z", "reactivatedAt": format!("2026-11-23T08:00:0{}.000Z", score + 1),
                "feedback": {"recommendationScore": score},
                "requestId": requests[score],
            })
        })
        .collect();
    assert_eq!(log, expected);
}

#[tokio::test]
async fn a_deactivation_that_holds_has_no_end() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    world.act(&at(&customer), "deactivate").await;
    let path = format!("{}/deactivations", at(&customer));
    let log = world.all(&world.admin(), &path).await;
    assert_eq!((log.len(), log[0].get("reactivatedAt")), (1, None));
    // The key names the entry from now on.
    world.clock.forward(TimeDelta::seconds(1));
    world.act(&at(&customer), "reactivate").await;
    let ended = world.all(&world.admin(), &path).await;
    assert_eq!(ended[0]["key"], log[0]["key"]);
    assert_eq!(ended[0]["reactivatedAt"], "2026-11-23T08:00:01.000Z");
}

#[tokio::test]
async fn a_deactivation_without_an_entry_can_be_ended() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    world.act(&at(&customer), "deactivate").await;
    let at_time = Timestamp::parse("2026-11-23T08:00:00Z").unwrap();
    let entry = keys::deactivation(customer.parse().unwrap(), at_time);
    let delete = world.client.delete_item().table_name(TABLE);
    delete.set_key(Some(entry.attributes())).send().await.unwrap();
    world.act(&at(&customer), "reactivate").await;
    let path = format!("{}/deactivations", at(&customer));
    assert!(world.all(&world.admin(), &path).await.is_empty());
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
