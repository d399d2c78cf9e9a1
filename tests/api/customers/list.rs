//! GET /v1/customers

use crate::support::{World, at, key_of, with_fields};
use serde_json::{Value, json};

const PATH: &str = "/v1/customers";

async fn names(world: &World, query: &str) -> Vec<String> {
    let customers = world.all(&world.admin(), &format!("{PATH}{query}")).await;
    customers
        .iter()
        .map(|customer| customer["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn the_list_is_empty_without_customers() {
    let world = World::new().await;
    let page = world.get(&world.admin(), PATH).await.expect(200);
    assert_eq!(page.body, json!({"items": [], "nextCursor": null}));
}

#[tokio::test]
async fn the_list_shows_whole_customers_oldest_first() {
    let world = World::new().await;
    let customers = [
        world.tenant("A").await,
        world.tenant("B").await,
        world.tenant("C").await,
    ];
    assert_eq!(world.all(&world.admin(), PATH).await, customers);
}

#[tokio::test]
async fn filters_narrow_the_list() {
    let world = World::new().await;
    world
        .customer(json!({"name": "tenant", "bootstrapTenantKey": "acme"}))
        .await;
    let member = |fields: Value| {
        let member = json!({"isTenantCustomer": false, "bootstrapTenantKey": "acme"});
        world.customer(with_fields(member, fields))
    };
    member(json!({"name": "member"})).await;
    member(json!({"name": "person", "type": "Consumer"})).await;
    let disabled = member(json!({"name": "disabled"})).await;
    world.act(&at(&key_of(&disabled)), "deactivate").await;
    for (query, expected) in [
        ("?type=Business", vec!["tenant", "member", "disabled"]),
        ("?type=Consumer", vec!["person"]),
        ("?isTenantCustomer=true", vec!["tenant"]),
        ("?isTenantCustomer=false", vec!["member", "person", "disabled"]),
        ("?isDisabled=true", vec!["disabled"]),
        ("?isDisabled=false", vec!["tenant", "member", "person"]),
        ("?type=Business&isTenantCustomer=false&isDisabled=false", vec!["member"]),
        ("?type=Consumer&isTenantCustomer=true", vec![]),
    ] {
        assert_eq!(names(&world, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn the_list_is_narrowed_by_tenant_product_and_time() {
    let world = World::new().await;
    for key in ["acme", "other"] {
        world.customer(json!({"name": key, "bootstrapTenantKey": key})).await;
    }
    world.clock.forward(chrono::TimeDelta::seconds(1));
    let member = |name: &str, products: Value| {
        let fields =
            json!({"name": name, "products": products, "isTenantCustomer": false, "bootstrapTenantKey": "acme"});
        world.customer(fields)
    };
    let both = member("both", json!(["shop", "pay"])).await;
    member("shop", json!(["shop"])).await;
    world.clock.forward(chrono::TimeDelta::seconds(1));
    world
        .patch(&world.admin(), &at(&key_of(&both)), json!({"phone": "+4930123456"}))
        .await
        .expect(200);
    for (query, expected) in [
        ("?bootstrapTenantKey=acme", vec!["acme", "both", "shop"]),
        ("?bootstrapTenantKey=other", vec!["other"]),
        ("?bootstrapTenantKey=unknown", vec![]),
        ("?bootstrapTenantKey=acme&isTenantCustomer=true", vec!["acme"]),
        ("?product=shop", vec!["both", "shop"]),
        ("?product=pay", vec!["both"]),
        ("?product=sho", vec![]),
        (
            "?updatedSince=2026-11-23T08:00:00Z",
            vec!["acme", "other", "both", "shop"],
        ),
        ("?updatedSince=2026-11-23T09:00:01%2B01:00", vec!["both", "shop"]),
        ("?updatedSince=2026-11-23T08:00:02Z", vec!["both"]),
        ("?updatedSince=2026-11-23T08:00:02.001Z", vec![]),
        (
            "?updatedSince=2026-11-23T08:00:02Z&product=shop&bootstrapTenantKey=acme",
            vec!["both"],
        ),
    ] {
        assert_eq!(names(&world, query).await, expected, "{query}");
        let page = world.get(&world.admin(), &format!("{PATH}{query}")).await.expect(200);
        assert_eq!(page.requests, ["Query"], "{query}");
    }
    for query in [
        "?bootstrapTenantKey=A",
        "?updatedSince=yesterday",
        "?product=",
        "?externalId=",
    ] {
        let field = query.trim_start_matches('?').split('=').next().unwrap();
        let answer = world.get(&world.admin(), &format!("{PATH}{query}")).await;
        assert_eq!(answer.invalid_fields(), [field]);
    }
}

#[tokio::test]
async fn any_external_id_is_found() {
    let world = World::new().await;
    for (id, encoded) in [
        ("a/b", "a/b"),
        (".", "."),
        ("..", ".."),
        ("../x", "..%2Fx"),
        ("a,b", "a,b"),
        ("a+b c", "a%2Bb+c"),
        ("a&b=c?d#e", "a%26b%3Dc%3Fd%23e"),
        ("100%", "100%25"),
        ("Ünïcode", "%C3%9Cn%C3%AFcode"),
    ] {
        let customer = world.customer(json!({"externalId": id})).await;
        let found = world
            .get(&world.admin(), &format!("{PATH}?externalId={encoded}"))
            .await
            .expect(200);
        assert_eq!(found.body, json!({"items": [customer], "nextCursor": null}), "{id}");
        assert_eq!(found.requests, ["GetItem", "Query"], "{id}");
    }
    for query in ["?externalId=a", "?externalId=A/B", "?externalId=a/b&type=Consumer"] {
        let page = world.get(&world.admin(), &format!("{PATH}{query}")).await.expect(200);
        assert_eq!(page.body, json!({"items": [], "nextCursor": null}), "{query}");
    }
}

#[tokio::test]
async fn each_invalid_query_parameter_is_named() {
    let world = World::new().await;
    for (query, invalid) in [
        ("?type=Charity", vec!["type"]),
        ("?isDisabled=yes", vec!["isDisabled"]),
        ("?isDisabled=TRUE", vec!["isDisabled"]),
        ("?isTenantCustomer=1", vec!["isTenantCustomer"]),
        ("?limit=0", vec!["limit"]),
        ("?limit=101", vec!["limit"]),
        ("?limit=-1", vec!["limit"]),
        ("?limit=ten", vec!["limit"]),
        ("?limit=", vec!["limit"]),
        ("?name=Acme", vec!["name"]),
        ("?limit=0&type=x&colour=red", vec!["limit", "type", "colour"]),
    ] {
        assert_eq!(
            world
                .get(&world.admin(), &format!("{PATH}{query}"))
                .await
                .invalid_fields(),
            invalid,
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_page_has_25_items_by_default() {
    let world = World::new().await;
    for n in 0..27 {
        world.tenant(&format!("{n}")).await;
    }
    let sizes: Vec<usize> = world.pages(&world.admin(), PATH).await.iter().map(Vec::len).collect();
    assert_eq!(sizes, [25, 2]);
}

#[tokio::test]
async fn a_deleted_customer_is_not_listed() {
    let world = World::new().await;
    let gone = world.tenant("gone").await;
    world.tenant("here").await;
    world.delete(&world.admin(), &at(&key_of(&gone))).await.expect(204);
    assert_eq!(names(&world, "").await, ["here"]);
}
