//! POST /v1/customers

use crate::support::{World, at, key_of, with_fields};
use serde_json::{Value, json};

const PATH: &str = "/v1/customers";

/// The body that creates a tenant, with these fields added.
fn tenant(fields: Value) -> Value {
    with_fields(
        json!({"type": "Business", "name": "Acme", "isTenantCustomer": true}),
        fields,
    )
}

#[tokio::test]
async fn a_created_customer_can_be_read() {
    let world = World::new().await;
    let created = world.post(&world.admin(), PATH, tenant(json!({}))).await.expect(201);
    assert_eq!(created.header("etag"), Some("\"1\""));
    assert_eq!(created.header("location"), Some(at(created.key()).as_str()));
    assert_eq!(created.header("content-type"), Some("application/json"));
    let read = world.get(&world.admin(), &at(created.key())).await.expect(200);
    assert_eq!(read.body, created.body);
}

#[tokio::test]
async fn a_created_customer_has_the_services_fields_and_defaults() {
    let world = World::new().await;
    let created = world
        .post(&world.admin(), PATH, tenant(json!({"bootstrapTenantKey": "acme"})))
        .await
        .expect(201);
    let now = "2026-11-23T08:00:00.000Z";
    assert_eq!(
        created.body,
        json!({
            "key": created.key(), "type": "Business", "name": "Acme", "isTenantCustomer": true, "bootstrapTenantKey": "acme",
            "products": [], "isDisabled": false, "version": 1,
            "createdAt": now, "updatedAt": now, "createdBy": "usr_admin", "updatedBy": "usr_admin",
        })
    );
}

#[tokio::test]
async fn every_field_is_returned_as_sent() {
    let world = World::new().await;
    let business = tenant(json!({
        "email": "office@acme.example", "phone": "+14155550100", "website": "https://acme.example/",
        "address": {"line1": "1 Main Street", "line2": "Floor 2", "city": "Köln", "state": "NW", "postalCode": "50667", "country": "DE"},
        "bootstrapTenantKey": "acme", "authTenantId": "acme-1", "products": ["one", "two"],
        "sessionExpirationSeconds": 300, "externalId": "crm/1001",
        "business": {
            "industrySector": "45", "industryGroup": "4510", "classification": "LLC", "size": "11-50",
            "socialProfiles": {
                "linkedin": "https://www.linkedin.com/company/acme", "x": "https://x.com/acme",
                "facebook": "https://facebook.com/acme", "instagram": "https://instagram.com/acme",
                "youtube": "https://youtube.com/@acme", "tiktok": "https://www.tiktok.com/@acme",
            },
        },
    }));
    let consumer = json!({
        "type": "Consumer", "name": "Ada Lovelace", "isTenantCustomer": false, "bootstrapTenantKey": "acme",
        "person": {"firstName": "Ada", "lastName": "Lovelace"},
    });
    for given in [business, consumer] {
        let created = world.post(&world.admin(), PATH, given.clone()).await.expect(201).body;
        for (name, value) in given.as_object().unwrap() {
            assert_eq!(&created[name], value, "{name}");
        }
    }
}

#[tokio::test]
async fn an_address_without_a_country_is_in_the_united_states() {
    let world = World::new().await;
    let created = world.customer(json!({"address": {"city": "Springfield"}})).await;
    assert_eq!(created["address"], json!({"city": "Springfield", "country": "US"}));
}

#[tokio::test]
async fn null_means_absent() {
    let world = World::new().await;
    let created = world
        .customer(json!({"email": null, "address": null, "products": null, "business": {"size": null}}))
        .await;
    assert_eq!((&created["email"], &created["address"]), (&Value::Null, &Value::Null));
    assert_eq!((&created["products"], &created["business"]), (&json!([]), &json!({})));
}

#[tokio::test]
async fn values_at_the_limits_are_accepted() {
    let world = World::new().await;
    for (index, fields) in [
        json!({"name": "ü".repeat(200)}),
        json!({"name": "x"}),
        json!({"bootstrapTenantKey": "a-1"}),
        json!({"bootstrapTenantKey": "a".repeat(63)}),
        json!({"authTenantId": "a".repeat(128)}),
        json!({"externalId": "a".repeat(200)}),
        json!({"products": (0..100).map(|n| format!("{n:0>100}")).collect::<Vec<_>>()}),
        json!({"sessionExpirationSeconds": 31_536_000}),
        json!({"phone": "+123456789012345"}),
        json!({"address": {"line1": "a".repeat(200), "city": "a".repeat(100), "postalCode": "a".repeat(20)}}),
        json!({"website": format!("https://acme.example/{}", "a".repeat(2027))}),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = world.post(&world.admin(), PATH, tenant(fields)).await;
        assert_eq!(answer.status, 201, "case {index}: {}", answer.body);
    }
}

#[tokio::test]
async fn each_invalid_field_is_named() {
    let world = World::new().await;
    let long = |length: usize| "a".repeat(length);
    let cases = [
        (json!({"type": "Charity"}), "type"),
        (json!({"type": null}), "type"),
        (json!({"name": ""}), "name"),
        (json!({"name": "   "}), "name"),
        (json!({"name": "two\nlines"}), "name"),
        (json!({"name": long(201)}), "name"),
        (json!({"name": 7}), "name"),
        (json!({"name": null}), "name"),
        (json!({"email": "nobody"}), "email"),
        (json!({"email": ["a@b.example"]}), "email"),
        (json!({"email": format!("{}@acme.example", long(250))}), "email"),
        (json!({"phone": "0301234567"}), "phone"),
        (json!({"phone": "+1234567890123456"}), "phone"),
        (json!({"website": "acme.example"}), "website"),
        (json!({"website": "javascript:alert(1)"}), "website"),
        (
            json!({"website": format!("https://acme.example/{}", long(2028))}),
            "website",
        ),
        (json!({"address": "1 Main Street"}), "address"),
        (json!({"address": {"country": "USA"}}), "address.country"),
        (json!({"address": {"country": "us"}}), "address.country"),
        (json!({"address": {"country": "XX"}}), "address.country"),
        (json!({"address": {"line1": ""}}), "address.line1"),
        (json!({"address": {"zip": "1"}}), "address.zip"),
        (json!({"isTenantCustomer": "true"}), "isTenantCustomer"),
        (json!({"bootstrapTenantKey": "ab"}), "bootstrapTenantKey"),
        (json!({"bootstrapTenantKey": "-abc"}), "bootstrapTenantKey"),
        (json!({"bootstrapTenantKey": "Acme"}), "bootstrapTenantKey"),
        (json!({"bootstrapTenantKey": "a_b_c"}), "bootstrapTenantKey"),
        (json!({"bootstrapTenantKey": long(64)}), "bootstrapTenantKey"),
        (json!({"authTenantId": ""}), "authTenantId"),
        (json!({"authTenantId": long(129)}), "authTenantId"),
        (json!({"products": "one"}), "products"),
        (json!({"products": {"0": "one"}}), "products"),
        (json!({"products": ["one", ""]}), "products[1]"),
        (json!({"products": ["one", "one"]}), "products[1]"),
        (
            json!({"products": (0..101).map(|n| n.to_string()).collect::<Vec<_>>()}),
            "products",
        ),
        (json!({"sessionExpirationSeconds": 299}), "sessionExpirationSeconds"),
        (
            json!({"sessionExpirationSeconds": 31_536_001}),
            "sessionExpirationSeconds",
        ),
        (json!({"sessionExpirationSeconds": 300.5}), "sessionExpirationSeconds"),
        (json!({"sessionExpirationSeconds": "300"}), "sessionExpirationSeconds"),
        (
            json!({"sessionExpirationSeconds": u64::MAX}),
            "sessionExpirationSeconds",
        ),
        (json!({"externalId": ""}), "externalId"),
        (json!({"externalId": long(201)}), "externalId"),
        (json!({"business": {"industrySector": 45}}), "business.industrySector"),
        (json!({"business": {"industrySector": "11"}}), "business.industrySector"),
        (
            json!({"business": {"industrySector": "45", "industryGroup": "4599"}}),
            "business.industryGroup",
        ),
        (
            json!({"business": {"industrySector": "45", "industryGroup": "4010"}}),
            "business.industryGroup",
        ),
        (
            json!({"business": {"industryGroup": "4010"}}),
            "business.industrySector",
        ),
        (
            json!({"business": {"classification": "GmbH"}}),
            "business.classification",
        ),
        (json!({"business": {"size": "12"}}), "business.size"),
        (
            json!({"business": {"socialProfiles": {"mastodon": "https://m.example/a"}}}),
            "business.socialProfiles.mastodon",
        ),
        (
            json!({"business": {"socialProfiles": {"x": "http://x.com/acme"}}}),
            "business.socialProfiles.x",
        ),
        (
            json!({"business": {"socialProfiles": {"x": "https://netflix.com/acme"}}}),
            "business.socialProfiles.x",
        ),
        (
            json!({"business": {"socialProfiles": {"linkedin": "https://linkedin.com.evil.example"}}}),
            "business.socialProfiles.linkedin",
        ),
        (
            json!({"business": {"socialProfiles": {"tiktok": "https://tiktok.com@evil.example"}}}),
            "business.socialProfiles.tiktok",
        ),
        (
            json!({"person": {"firstName": "Ada", "lastName": "Lovelace"}}),
            "person",
        ),
        (json!({"type": "Consumer", "business": {"size": "1-10"}}), "business"),
        (
            json!({"type": "Consumer", "person": {"firstName": "Ada"}}),
            "person.lastName",
        ),
        (json!({"isTenantCustomer": false}), "bootstrapTenantKey"),
        (json!({"nickname": "A"}), "nickname"),
        (json!({"": 1}), ""),
    ];
    for (fields, invalid) in cases {
        let answer = world.post(&world.admin(), PATH, tenant(fields.clone())).await;
        assert_eq!(answer.invalid_fields(), [invalid], "{fields}");
    }
}

#[tokio::test]
async fn fields_that_the_service_sets_are_refused() {
    let world = World::new().await;
    for (name, value) in [
        ("key", json!("cus_01kb1v0c1tfr2v6krscysfnvgb")),
        ("isDisabled", json!(false)),
        ("parent", json!({"customerKey": "cus_01kb1v0c1tfr2v6krscysfnvgb"})),
        ("logo", json!({"url": "https://cdn.example/logo.png"})),
        ("version", json!(1)),
        ("createdAt", json!("2026-11-23T08:00:00Z")),
        ("updatedAt", json!("2026-11-23T08:00:00Z")),
        ("createdBy", json!("usr_me")),
        ("updatedBy", json!("usr_me")),
        ("pk", json!("CUS#x")),
        ("entity", json!("Customer")),
    ] {
        let answer = world.post(&world.admin(), PATH, tenant(json!({name: value}))).await;
        assert_eq!(answer.invalid_fields(), [name]);
    }
}

#[tokio::test]
async fn a_customer_cannot_be_created_deactivated() {
    let world = World::new().await;
    for deactivation in [
        json!({}),
        json!({"windowEndsAt": "2026-12-01T00:00:00Z"}),
        json!({"deactivatedBy": "usr_me"}),
    ] {
        let answer = world
            .post(&world.admin(), PATH, tenant(json!({"deactivation": deactivation})))
            .await;
        answer.problem(400, "VALIDATION_FAILED");
    }
}

#[tokio::test]
async fn all_invalid_fields_are_named_at_once() {
    let world = World::new().await;
    let body = json!({
        "name": "", "email": "x", "address": {"country": "?", "line1": ""}, "products": [1], "more": true,
        "business": {"size": "many", "socialProfiles": {"x": "x"}}, "isDisabled": true,
    });
    let mut invalid = world.post(&world.admin(), PATH, body).await.invalid_fields();
    invalid.sort();
    assert_eq!(
        invalid,
        [
            "address.country",
            "address.line1",
            "bootstrapTenantKey",
            "business.size",
            "business.socialProfiles.x",
            "email",
            "isDisabled",
            "more",
            "name",
            "products[0]",
            "type",
        ]
    );
}

#[tokio::test]
async fn a_rule_across_fields_is_named_with_the_others() {
    let world = World::new().await;
    let body = tenant(json!({"name": "", "business": {"industrySector": "45", "industryGroup": "4010"}}));
    let mut invalid = world.post(&world.admin(), PATH, body).await.invalid_fields();
    invalid.sort();
    assert_eq!(invalid, ["business.industryGroup", "name"]);
}

#[tokio::test]
async fn a_tenant_without_a_bootstrap_key_gets_a_unique_one() {
    let world = World::new().await;
    let keys = [world.tenant("One").await, world.tenant("Two").await]
        .map(|t| t["bootstrapTenantKey"].as_str().unwrap().to_owned());
    assert_ne!(keys[0], keys[1]);
    for key in keys {
        // A generated key is a valid bootstrap key, so claiming it must fail as taken.
        let answer = world
            .post(&world.admin(), PATH, tenant(json!({"bootstrapTenantKey": key})))
            .await;
        answer.problem(409, "CONFLICT");
    }
}

#[tokio::test]
async fn a_taken_bootstrap_key_is_a_conflict() {
    let world = World::new().await;
    world.customer(json!({"bootstrapTenantKey": "acme"})).await;
    let answer = world
        .post(&world.admin(), PATH, tenant(json!({"bootstrapTenantKey": "acme"})))
        .await;
    assert_eq!(
        answer.problem(409, "CONFLICT").body["details"],
        json!({"field": "bootstrapTenantKey"})
    );
}

#[tokio::test]
async fn a_deleted_tenants_key_stays_taken_and_accepts_no_members() {
    let world = World::new().await;
    let gone = world.customer(json!({"bootstrapTenantKey": "acme"})).await;
    world.delete(&world.admin(), &at(&key_of(&gone))).await.expect(204);
    let again = tenant(json!({"bootstrapTenantKey": "acme"}));
    world.post(&world.admin(), PATH, again).await.problem(409, "CONFLICT");
    let member = tenant(json!({"isTenantCustomer": false, "bootstrapTenantKey": "acme"}));
    world
        .post(&world.admin(), PATH, member)
        .await
        .problem(404, "TENANT_NOT_FOUND");
}

#[tokio::test]
async fn a_deactivated_tenant_gets_no_customers_until_it_is_reactivated() {
    let world = World::new().await;
    let acme = at(&key_of(&world.customer(json!({"bootstrapTenantKey": "acme"})).await));
    let member = tenant(json!({"isTenantCustomer": false, "bootstrapTenantKey": "acme"}));
    world.act(&acme, "deactivate").await;
    let refused = world.post(&world.admin(), PATH, member.clone()).await;
    let refused = refused.problem(409, "CUSTOMER_DISABLED");
    assert_eq!(refused.requests, ["TransactWriteItems"]);
    // The key stays the deactivated tenant's.
    let again = tenant(json!({"bootstrapTenantKey": "acme"}));
    world.post(&world.admin(), PATH, again).await.problem(409, "CONFLICT");
    world.act(&acme, "reactivate").await;
    world.post(&world.admin(), PATH, member.clone()).await.expect(201);
    world.clock.forward(chrono::TimeDelta::seconds(1));
    world.act(&acme, "deactivate").await;
    world.delete(&world.admin(), &acme).await.expect(204);
    world
        .post(&world.admin(), PATH, member)
        .await
        .problem(404, "TENANT_NOT_FOUND");
}

#[tokio::test]
async fn a_customer_created_while_its_tenant_is_deactivated_comes_before_or_is_refused() {
    let world = World::new().await;
    let acme = at(&key_of(&world.customer(json!({"bootstrapTenantKey": "acme"})).await));
    let member = tenant(json!({"isTenantCustomer": false, "bootstrapTenantKey": "acme"}));
    let admin = world.admin();
    let deactivate = format!("{acme}/deactivate");
    let (created, deactivated) = tokio::join!(
        world.post(&admin, PATH, member.clone()),
        world.post(&admin, &deactivate, json!({}))
    );
    deactivated.expect(200);
    if created.status != 201 {
        created.problem(409, "CUSTOMER_DISABLED");
    }
    world.post(&admin, PATH, member).await.problem(409, "CUSTOMER_DISABLED");
}

#[tokio::test]
async fn a_customer_of_an_unknown_tenant_is_refused() {
    let world = World::new().await;
    let body = tenant(json!({"isTenantCustomer": false, "bootstrapTenantKey": "nobody"}));
    world
        .post(&world.admin(), PATH, body)
        .await
        .problem(404, "TENANT_NOT_FOUND");
}

#[tokio::test]
async fn a_tenant_can_have_many_customers() {
    let world = World::new().await;
    world.customer(json!({"bootstrapTenantKey": "acme"})).await;
    for _ in 0..2 {
        let member = world
            .customer(json!({"isTenantCustomer": false, "bootstrapTenantKey": "acme"}))
            .await;
        assert_eq!(
            (&member["isTenantCustomer"], &member["bootstrapTenantKey"]),
            (&json!(false), &json!("acme"))
        );
    }
}

#[tokio::test]
async fn a_taken_external_id_is_a_conflict() {
    let world = World::new().await;
    world.customer(json!({"externalId": "crm-1"})).await;
    let answer = world
        .post(&world.admin(), PATH, tenant(json!({"externalId": "crm-1"})))
        .await;
    assert_eq!(
        answer.problem(409, "CONFLICT").body["details"],
        json!({"field": "externalId"})
    );
    assert_eq!(world.all(&world.admin(), PATH).await.len(), 1);
}

#[tokio::test]
async fn concurrent_creations_with_one_unique_value_create_one_customer() {
    for field in ["externalId", "bootstrapTenantKey"] {
        let world = World::new().await;
        let admin = world.admin();
        let body = || tenant(json!({field: "acme-1"}));
        let (one, two) = tokio::join!(world.post(&admin, PATH, body()), world.post(&admin, PATH, body()));
        let (won, lost) = if one.status == 201 { (one, two) } else { (two, one) };
        won.expect(201);
        assert_eq!(lost.problem(409, "CONFLICT").body["details"]["field"], field);
        assert_eq!(world.all(&admin, PATH).await.len(), 1);
    }
}

#[tokio::test]
async fn a_refused_creation_reserves_nothing() {
    let world = World::new().await;
    world.customer(json!({"externalId": "crm-1"})).await;
    let body = tenant(json!({"externalId": "crm-1", "bootstrapTenantKey": "free"}));
    world.post(&world.admin(), PATH, body).await.problem(409, "CONFLICT");
    world.customer(json!({"bootstrapTenantKey": "free"})).await;
}
