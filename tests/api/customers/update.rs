//! PATCH /v1/customers/{customerKey}

use crate::support::{Answer, World, at, key_of};
use chrono::TimeDelta;
use domain::merge_patch;
use proptest::prelude::*;
use serde_json::{Value, json};

async fn patch(world: &World, customer: &str, body: Value) -> Answer {
    world.patch(&world.admin(), &at(customer), body).await
}

#[tokio::test]
async fn a_patch_changes_only_its_fields() {
    let world = World::new().await;
    let mut expected = world
        .customer(json!({"email": "a@acme.example", "products": ["one"]}))
        .await;
    let customer = key_of(&expected);
    world.clock.forward(TimeDelta::seconds(5));
    let caller = world.user("CustomerAdmin", &customer);
    let patched = world
        .patch(&caller, &at(&customer), json!({"name": "New", "phone": "+14155550100"}))
        .await
        .expect(200);
    assert_eq!(patched.header("etag"), Some("\"2\""));
    for (name, value) in [
        ("name", json!("New")),
        ("phone", json!("+14155550100")),
        ("version", json!(2)),
        ("updatedAt", json!("2026-11-23T08:00:05.000Z")),
        ("updatedBy", json!("usr_user")),
    ] {
        expected[name] = value;
    }
    assert_eq!(patched.body, expected);
    assert_eq!(world.get(&caller, &at(&customer)).await.expect(200).body, expected);
}

#[tokio::test]
async fn null_removes_a_field() {
    let world = World::new().await;
    let customer = world
        .customer(json!({"email": "a@acme.example", "address": {"city": "Springfield"}}))
        .await;
    let patched = patch(&world, &key_of(&customer), json!({"email": null, "address": null}))
        .await
        .expect(200)
        .body;
    assert_eq!((patched.get("email"), patched.get("address")), (None, None));
}

#[tokio::test]
async fn a_patch_merges_objects_and_replaces_lists() {
    let world = World::new().await;
    let customer = world
        .customer(json!({
            "address": {"line1": "1 Main Street", "city": "Springfield"}, "products": ["one", "two"],
            "business": {"size": "1-10", "socialProfiles": {"x": "https://x.com/acme", "youtube": "https://youtube.com/@acme"}},
        }))
        .await;
    let body = json!({
        "address": {"line1": null, "postalCode": "62701"}, "products": ["three"],
        "business": {"classification": "LLC", "socialProfiles": {"x": null, "tiktok": "https://tiktok.com/@acme"}},
    });
    let patched = patch(&world, &key_of(&customer), body).await.expect(200).body;
    assert_eq!(
        patched["address"],
        json!({"city": "Springfield", "country": "US", "postalCode": "62701"})
    );
    assert_eq!(patched["products"], json!(["three"]));
    let profiles = json!({"youtube": "https://youtube.com/@acme", "tiktok": "https://tiktok.com/@acme"});
    assert_eq!(
        patched["business"],
        json!({"size": "1-10", "classification": "LLC", "socialProfiles": profiles})
    );
}

#[tokio::test]
async fn a_patch_creates_a_missing_object_with_its_defaults() {
    let world = World::new().await;
    let customer = key_of(&world.tenant("Acme").await);
    let patched = patch(&world, &customer, json!({"address": {"city": "Springfield"}}))
        .await
        .expect(200)
        .body;
    assert_eq!(patched["address"], json!({"city": "Springfield", "country": "US"}));
}

#[tokio::test]
async fn a_patch_without_changes_writes_nothing() {
    let world = World::new().await;
    let customer = world
        .customer(json!({
            "email": "a@acme.example", "address": {"city": "Springfield"}, "products": ["one"], "externalId": "crm-1",
            "business": {"industrySector": "45", "industryGroup": "4510", "socialProfiles": {"x": "https://x.com/acme"}},
        }))
        .await;
    let written = world.stream_records(0).len();
    world.clock.forward(TimeDelta::seconds(5));
    for nothing in [
        json!({}),
        json!({"name": "Acme"}),
        json!({"phone": null}),
        json!({"address": {}}),
        json!({"address": {"city": "Springfield", "line2": null}}),
        json!({"business": {"socialProfiles": {}}}),
        json!({"business": {"socialProfiles": {"x": "https://x.com/acme"}}}),
        json!({"business": {"industryGroup": "4510"}}),
        json!({"products": ["one"]}),
        json!({"externalId": "crm-1"}),
        json!({"person": null}),
        json!({"deactivation": null}),
        json!({"name": "Acme", "email": "a@acme.example", "website": null}),
    ] {
        let answer = patch(&world, &key_of(&customer), nothing.clone()).await;
        assert_eq!(
            (answer.status, answer.header("etag")),
            (200, Some("\"1\"")),
            "{nothing}: {}",
            answer.body
        );
        assert_eq!(answer.body, customer, "{nothing}");
    }
    assert_eq!(world.stream_records(0).len(), written);
}

#[tokio::test]
async fn a_patch_creates_a_missing_empty_object() {
    let world = World::new().await;
    let customer = key_of(&world.tenant("Acme").await);
    let patched = patch(&world, &customer, json!({"business": {"socialProfiles": {}}}))
        .await
        .expect(200)
        .body;
    assert_eq!(patched["business"], json!({"socialProfiles": {}}));
}

#[tokio::test]
async fn each_invalid_field_is_named() {
    let world = World::new().await;
    let customer = key_of(&world.tenant("Acme").await);
    for (body, invalid) in [
        (json!({"name": null}), vec!["name"]),
        (json!({"name": ""}), vec!["name"]),
        (
            json!({"email": "x", "phone": 1, "colour": null}),
            vec!["email", "phone", "colour"],
        ),
        (
            json!({"address": {"country": "??", "zip": 1}}),
            vec!["address.country", "address.zip"],
        ),
        (json!({"address": []}), vec!["address"]),
        (json!({"sessionExpirationSeconds": 0}), vec!["sessionExpirationSeconds"]),
        (json!({"products": ["a", "a"]}), vec!["products[1]"]),
        (
            json!({"person": {"firstName": "Ada", "lastName": "Lovelace"}}),
            vec!["person"],
        ),
        (json!({"person": {"firstName": "Ada"}}), vec!["person.lastName"]),
    ] {
        assert_eq!(
            patch(&world, &customer, body.clone()).await.invalid_fields(),
            invalid,
            "{body}"
        );
    }
}

#[tokio::test]
async fn nobody_can_patch_an_immutable_field() {
    let world = World::new().await;
    let customer = world.tenant("Acme").await;
    for name in ["type", "isTenantCustomer", "bootstrapTenantKey"] {
        for caller in [world.admin(), world.user("CustomerAdmin", &key_of(&customer))] {
            let answer = world
                .patch(&caller, &at(&key_of(&customer)), json!({name: customer[name]}))
                .await;
            assert_eq!(answer.invalid_fields(), [name]);
        }
    }
}

#[tokio::test]
async fn fields_that_the_service_sets_cannot_be_patched() {
    let world = World::new().await;
    let customer = key_of(&world.tenant("Acme").await);
    for name in [
        "key",
        "isDisabled",
        "parent",
        "logo",
        "version",
        "createdAt",
        "updatedAt",
        "createdBy",
        "updatedBy",
        "requestId",
        "pk",
    ] {
        for value in [json!(null), json!(false), json!("x")] {
            assert_eq!(
                patch(&world, &customer, json!({name: value})).await.invalid_fields(),
                [name]
            );
        }
    }
}

#[tokio::test]
async fn a_tenant_cannot_patch_platform_fields() {
    let world = World::new().await;
    let customer = world.customer(json!({"externalId": "crm-1"})).await;
    let caller = world.user("CustomerAdmin", &key_of(&customer));
    for body in [
        json!({"products": ["one"]}),
        json!({"products": []}),
        json!({"authTenantId": "x"}),
        json!({"externalId": "crm-2"}),
        json!({"externalId": null}),
        json!({"deactivation": {"windowEndsAt": "2027-01-01T00:00:00Z"}}),
        json!({"name": "", "colour": "red", "products": ["one"]}),
    ] {
        let answer = world
            .patch(&caller, &at(&key_of(&customer)), body.clone())
            .await
            .problem(403, "FORBIDDEN");
        assert_eq!(
            answer.body["details"],
            json!({"permission": "PlatformAdminEditAllCustomers"}),
            "{body}"
        );
    }
    assert_eq!(
        world.get(&caller, &at(&key_of(&customer))).await.expect(200).body,
        customer
    );
}

#[tokio::test]
async fn platform_staff_can_patch_platform_fields() {
    let world = World::new().await;
    let customer = key_of(&world.tenant("Acme").await);
    let body = json!({"products": ["one"], "authTenantId": "acme-1", "externalId": "crm-1"});
    let patched = patch(&world, &customer, body.clone()).await.expect(200).body;
    for (name, value) in body.as_object().unwrap() {
        assert_eq!(&patched[name], value);
    }
}

#[tokio::test]
async fn a_patch_cannot_move_the_industry_group_out_of_its_sector() {
    let world = World::new().await;
    let customer = world
        .customer(json!({"business": {"industrySector": "45", "industryGroup": "4510"}}))
        .await;
    for (business, invalid) in [
        (json!({"industrySector": "40"}), "business.industryGroup"),
        (json!({"industryGroup": "4010"}), "business.industryGroup"),
        (json!({"industrySector": null}), "business.industrySector"),
    ] {
        let answer = patch(&world, &key_of(&customer), json!({"business": business})).await;
        assert_eq!(answer.invalid_fields(), [invalid], "{business}");
    }
    for business in [
        json!({"industryGroup": "4520"}),
        json!({"industrySector": "40", "industryGroup": "4010"}),
        json!({"industryGroup": null}),
        json!({"industrySector": null}),
    ] {
        patch(&world, &key_of(&customer), json!({"business": business}))
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn the_deactivation_of_an_enabled_customer_cannot_be_patched() {
    let world = World::new().await;
    let customer = key_of(&world.tenant("Acme").await);
    for deactivation in [
        json!({}),
        json!({"windowEndsAt": "2026-12-01T00:00:00Z"}),
        json!({"windowEndsAt": null}),
    ] {
        let answer = patch(&world, &customer, json!({"deactivation": deactivation})).await;
        answer.problem(400, "VALIDATION_FAILED");
    }
}

#[tokio::test]
async fn changing_an_external_id_frees_the_old_one() {
    let world = World::new().await;
    let one = key_of(&world.customer(json!({"externalId": "a"})).await);
    let two = key_of(&world.customer(json!({"externalId": "b"})).await);
    let taken = patch(&world, &two, json!({"externalId": "a"}))
        .await
        .problem(409, "CONFLICT");
    assert_eq!(taken.body["details"], json!({"field": "externalId"}));
    patch(&world, &one, json!({"externalId": "c"})).await.expect(200);
    patch(&world, &two, json!({"externalId": "a"})).await.expect(200);
    patch(&world, &one, json!({"externalId": null})).await.expect(200);
    world.customer(json!({"externalId": "c"})).await;
}

#[tokio::test]
async fn concurrent_patches_give_an_external_id_to_one_customer() {
    let world = World::new().await;
    let (one, two) = (key_of(&world.tenant("A").await), key_of(&world.tenant("B").await));
    let body = || json!({"externalId": "crm-1"});
    let (one, two) = tokio::join!(patch(&world, &one, body()), patch(&world, &two, body()));
    let mut statuses = [one.status, two.status];
    statuses.sort();
    assert_eq!(statuses, [200, 409]);
}

#[tokio::test]
async fn concurrent_patches_are_both_applied() {
    for (one, two) in [
        (json!({"name": "New"}), json!({"email": "a@acme.example"})),
        (
            json!({"externalId": "a"}),
            json!({"business": {"industrySector": "45"}}),
        ),
        (json!({"name": "New"}), json!({"externalId": "a"})),
    ] {
        let world = World::new().await;
        let customer = key_of(&world.tenant("Acme").await);
        let (first, second) = tokio::join!(
            patch(&world, &customer, one.clone()),
            patch(&world, &customer, two.clone())
        );
        let mut versions =
            [first.expect(200), second.expect(200)].map(|answer| answer.body["version"].as_u64().unwrap());
        versions.sort();
        assert_eq!(versions, [2, 3]);
        let read = world.get(&world.admin(), &at(&customer)).await.expect(200).body;
        for patch in [one, two] {
            let mut again = read.clone();
            merge_patch::apply(&mut again, patch);
            assert_eq!(again, read);
        }
    }
}

#[tokio::test]
async fn a_deactivated_customer_refuses_patches() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    world.act(&at(&customer), "deactivate").await;
    for body in [
        json!({"name": "New"}),
        json!({"externalId": "x"}),
        json!({"business": {"industrySector": "45"}}),
        json!({"name": "New", "deactivation": {"windowEndsAt": "2026-12-24T00:00:00Z"}}),
    ] {
        for caller in [world.admin(), world.user("CustomerAdmin", &customer)] {
            let answer = world.patch(&caller, &at(&customer), body.clone()).await;
            if answer.body["code"] != "FORBIDDEN" {
                answer.problem(409, "CUSTOMER_DISABLED");
            }
        }
    }
    assert_eq!(
        world.get(&world.admin(), &at(&customer)).await.expect(200).body["version"],
        2
    );
}

/// A patch that is valid for every state of the customer.
fn any_patch() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!({"name": "One"}),
        json!({"name": "Two", "email": "a@acme.example"}),
        json!({"email": null, "phone": "+14155550100"}),
        json!({"address": {"city": "Springfield"}}),
        json!({"address": {"city": null, "country": "DE"}}),
        json!({"address": {"line1": "1 Main Street", "city": "Springfield"}}),
        json!({"address": null, "website": "https://acme.example/"}),
        json!({"business": {}}),
        json!({"business": {"size": "1-10", "classification": null}}),
        json!({"business": {"classification": "LLC", "socialProfiles": {"x": "https://x.com/acme"}}}),
        json!({"business": {"socialProfiles": {"x": null, "youtube": "https://youtube.com/@acme"}}}),
        json!({"business": {"socialProfiles": null}}),
        json!({"business": {"industrySector": "45", "industryGroup": "4510"}}),
        json!({"business": {"industrySector": null, "industryGroup": null}}),
        json!({"business": null}),
        json!({"products": ["one"], "sessionExpirationSeconds": 300}),
        json!({"products": [], "sessionExpirationSeconds": null}),
        json!({"externalId": "a"}),
        json!({"externalId": null, "name": "Three"}),
    ])
}

/// The customer after a patch, according to the contract.
fn patched(before: &Value, patch: &Value) -> Value {
    let mut after = before.clone();
    merge_patch::apply(&mut after, patch.clone());
    if let Some(address) = after.get_mut("address").and_then(Value::as_object_mut) {
        address.entry("country").or_insert(json!("US"));
    }
    if after != *before {
        after["version"] = json!(before["version"].as_u64().unwrap() + 1);
    }
    after
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_patches_follows_the_merge_patch_rfc(patches in prop::collection::vec(any_patch(), 1..12)) {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let world = World::new().await;
            let mut expected = world.tenant("Acme").await;
            let customer = key_of(&expected);
            for body in patches {
                let answer = patch(&world, &customer, body.clone()).await.expect(200);
                expected = patched(&expected, &body);
                assert_eq!(answer.body, expected, "{body}");
            }
            assert_eq!(world.get(&world.admin(), &at(&customer)).await.expect(200).body, expected);
        });
    }
}
