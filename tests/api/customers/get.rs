//! GET /v1/customers/{customerKey}

use crate::support::{World, at, key_of};
use serde_json::json;

#[tokio::test]
async fn a_customers_own_users_read_it() {
    let world = World::new().await;
    let customer = world.tenant("Acme").await;
    for role in ["CustomerAdmin", "Member"] {
        let read = world
            .get(&world.user(role, &key_of(&customer)), &at(&key_of(&customer)))
            .await
            .expect(200);
        assert_eq!((read.header("etag"), &read.body), (Some("\"1\""), &customer));
    }
}

#[tokio::test]
async fn an_answer_forbids_caching() {
    let world = World::new().await;
    let customer = world.tenant("Acme").await;
    let read = world.get(&world.admin(), &at(&key_of(&customer))).await.expect(200);
    assert_eq!(read.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn an_unknown_or_malformed_key_is_not_found() {
    let world = World::new().await;
    let upper_case = "cus_01KB1V0C1TFR2V6KRSCYSFNVGB";
    for key in [
        "cus_01kb1v0c1tfr2v6krscysfnvgb",
        "cus_",
        "cus_1",
        "loc_01kb1v0c1tfr2v6krscysfnvgb",
        "x",
        upper_case,
        "%00",
        "CUS#x",
    ] {
        let answer = world.get(&world.admin(), &at(key)).await;
        assert_eq!(
            answer.problem(404, "NOT_FOUND").body["details"],
            json!({"entity": "Customer"}),
            "{key}"
        );
    }
}

#[tokio::test]
async fn a_key_mismatch_does_not_reveal_whether_the_key_exists() {
    let world = World::new().await;
    let own = key_of(&world.tenant("Own").await);
    let other = key_of(&world.tenant("Other").await);
    for requested in [&other, "cus_01kb1v0c1tfr2v6krscysfnvgb", "malformed"] {
        let answer = world
            .get(&world.user("CustomerAdmin", &own), &at(requested))
            .await
            .problem(400, "KEY_MISMATCH");
        assert_eq!(
            answer.body["details"],
            json!({"field": "customerKey", "claimed": own, "requested": requested})
        );
        let mut body = answer.body.clone();
        for varying_field in ["details", "requestId"] {
            body.as_object_mut().unwrap().remove(varying_field);
        }
        assert_eq!(
            body,
            json!({
                "type": "urn:customer-service:problem:KEY_MISMATCH", "title": "Key mismatch", "status": 400, "code": "KEY_MISMATCH",
                "detail": "The customerKey is not the caller's.",
            })
        );
    }
}

#[tokio::test]
async fn an_unreadable_item_is_an_internal_error_without_details() {
    let world = World::new().await;
    let customer = key_of(&world.tenant("Acme").await);
    world.remove_attribute(&customer, "name").await;
    let answer = world.get(&world.admin(), &at(&customer)).await.problem(500, "INTERNAL");
    assert_eq!(
        answer.body["detail"],
        "The service failed; quote the requestId when you report it."
    );
    assert_eq!(answer.body.get("details"), None);
}
