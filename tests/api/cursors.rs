//! Cursors: paging through every list, and the cursors that are refused.

use crate::support::{World, at, key_of};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Creates a customer with this many entries in each of its lists.
async fn customer_with(world: &World, entries: usize) -> String {
    let customer = world.member_customer("Acme").await;
    for n in 0..entries {
        let body = json!({"name": format!("{n}"), "address": {"line1": "1 Main Street", "city": "Springfield"}});
        world
            .post(&world.admin(), &format!("{}/locations", at(&customer)), body)
            .await
            .expect(201);
        world.act(&at(&customer), "deactivate").await;
        world.act(&at(&customer), "reactivate").await;
        world.clock.forward(chrono::TimeDelta::milliseconds(1));
    }
    customer
}

/// The cursor on the first page of a list.
async fn cursor_of(world: &World, path: &str) -> String {
    let page = world.get(&world.admin(), path).await.expect(200).body;
    page["nextCursor"]
        .as_str()
        .unwrap_or_else(|| panic!("{path} has one page"))
        .to_owned()
}

#[tokio::test]
async fn paging_returns_every_item_once_for_every_limit() {
    let world = World::new().await;
    let customer = customer_with(&world, 7).await;
    for list in [
        "/v1/customers".into(),
        format!("{}/locations", at(&customer)),
        format!("{}/deactivations", at(&customer)),
        format!("{}/audit", at(&customer)),
    ] {
        let whole = world.all(&world.admin(), &format!("{list}?limit=100")).await;
        assert!(whole.len() >= 2, "{list}");
        for limit in [1, 2, 3, 6, 7, 8, 100] {
            let pages = world.pages(&world.admin(), &format!("{list}?limit={limit}")).await;
            assert!(pages.iter().all(|page| page.len() <= limit), "{list} {limit}");
            assert_eq!(pages.concat(), whole, "{list} {limit}");
        }
    }
}

#[tokio::test]
async fn the_last_page_has_no_cursor() {
    let world = World::new().await;
    let customer = customer_with(&world, 4).await;
    let list = format!("{}/locations", at(&customer));
    for (limit, sizes) in [(2, vec![2, 2]), (3, vec![3, 1]), (4, vec![4]), (5, vec![4])] {
        let pages = world.pages(&world.admin(), &format!("{list}?limit={limit}")).await;
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), sizes, "{limit}");
    }
}

#[tokio::test]
async fn paging_a_filtered_list_returns_every_match_once() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    for n in 0..9 {
        let body = json!({"name": format!("{n}"), "address": {"line1": "1 Main Street", "city": "Springfield"}, "isActive": n % 3 != 0});
        world
            .post(&world.admin(), &format!("{}/locations", at(&customer)), body)
            .await
            .expect(201);
    }
    for (filter, names) in [
        ("true", vec!["1", "2", "4", "5", "7", "8"]),
        ("false", vec!["0", "3", "6"]),
    ] {
        for limit in 1..8 {
            let list = format!("{}/locations?isActive={filter}&limit={limit}", at(&customer));
            let got = world.all(&world.admin(), &list).await;
            assert_eq!(
                got.iter()
                    .map(|location| location["name"].as_str().unwrap())
                    .collect::<Vec<_>>(),
                names,
                "{limit}"
            );
        }
    }
}

#[tokio::test]
async fn the_customer_list_covers_every_shard() {
    for customers in [0, 1, 5, 30] {
        let world = World::with_shards(8).await;
        let mut created = BTreeSet::new();
        for n in 0..customers {
            created.insert(key_of(&world.tenant(&n.to_string()).await));
        }
        for limit in [1, 3, 4, 100] {
            let pages = world
                .pages(&world.admin(), &format!("/v1/customers?limit={limit}"))
                .await;
            assert!(pages.iter().all(|page| page.len() <= limit));
            let got: Vec<String> = pages.concat().iter().map(key_of).collect();
            assert_eq!(got.len(), created.len());
            assert_eq!(got.into_iter().collect::<BTreeSet<_>>(), created);
        }
    }
}

#[tokio::test]
async fn paging_continues_after_creations_and_deletions() {
    let world = World::new().await;
    let customer = customer_with(&world, 6).await;
    let list = format!("{}/locations", at(&customer));
    let before = world.all(&world.admin(), &list).await;
    let first = world
        .get(&world.admin(), &format!("{list}?limit=3"))
        .await
        .expect(200)
        .body;
    // The cursor points at the third location. That one is deleted and a new one is created.
    world
        .delete(&world.admin(), &format!("{list}/{}", key_of(&before[2])))
        .await
        .expect(204);
    world
        .post(
            &world.admin(),
            &list,
            json!({"name": "new", "address": {"line1": "1 Main Street", "city": "Springfield"}}),
        )
        .await
        .expect(201);
    let cursor = first["nextCursor"].as_str().unwrap();
    let rest = world
        .get(&world.admin(), &format!("{list}?cursor={cursor}"))
        .await
        .expect(200)
        .body;
    let rest = rest["items"].as_array().unwrap();
    let names: Vec<&Value> = rest.iter().map(|location| &location["name"]).collect();
    assert_eq!(names, ["3", "4", "5", "new"]);
}

#[tokio::test]
async fn the_limit_may_change_between_pages() {
    let world = World::new().await;
    let customer = customer_with(&world, 5).await;
    let list = format!("{}/locations", at(&customer));
    let cursor = cursor_of(&world, &format!("{list}?limit=1")).await;
    let rest = world
        .get(&world.admin(), &format!("{list}?limit=4&cursor={cursor}"))
        .await
        .expect(200)
        .body;
    assert_eq!(rest["items"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn a_cursor_from_another_list_tenant_or_filter_is_refused() {
    let world = World::new().await;
    let (own, other) = (customer_with(&world, 2).await, customer_with(&world, 2).await);
    let lists = [
        "/v1/customers?limit=1".to_owned(),
        "/v1/customers?type=Business&limit=1".into(),
        "/v1/customers?isTenantCustomer=false&limit=1".into(),
        format!("{}/locations?limit=1", at(&own)),
        format!("{}/locations?limit=1", at(&other)),
        format!("{}/deactivations?limit=1", at(&own)),
        format!("{}/deactivations?limit=1", at(&other)),
        format!("{}/audit?limit=1", at(&own)),
        format!("{}/audit?limit=1", at(&other)),
    ];
    for from in &lists {
        let cursor = cursor_of(&world, from).await;
        for to in &lists {
            let answer = world.get(&world.admin(), &format!("{to}&cursor={cursor}")).await;
            if from == to {
                answer.expect(200);
            } else {
                assert_eq!(answer.invalid_fields(), ["cursor"], "{from} -> {to}");
            }
        }
    }
    let active = cursor_of(&world, &lists[3]).await;
    for filter in ["isActive=false", "internalCode=A"] {
        let path = format!("{}/locations?{filter}&cursor={active}", at(&own));
        assert_eq!(world.get(&world.admin(), &path).await.invalid_fields(), ["cursor"]);
    }
}

#[tokio::test]
async fn a_cursor_from_another_secret_is_refused() {
    let (one, two) = (
        World::new().await,
        World::configured(|config| config.cursor_secret = "another secret".into()).await,
    );
    for world in [&one, &two] {
        world.tenant("A").await;
        world.tenant("B").await;
    }
    let cursor = cursor_of(&one, "/v1/customers?limit=1").await;
    assert_eq!(
        two.get(&two.admin(), &format!("/v1/customers?cursor={cursor}"))
            .await
            .invalid_fields(),
        ["cursor"]
    );
}

#[tokio::test]
async fn a_malformed_cursor_is_refused() {
    let world = World::new().await;
    let long = "a".repeat(1001);
    for cursor in [
        "",
        "a",
        "null",
        "eyJwayI6IkNVUyJ9",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "!!!!",
        &long,
    ] {
        assert_eq!(
            world
                .get(&world.admin(), &format!("/v1/customers?cursor={cursor}"))
                .await
                .invalid_fields(),
            ["cursor"],
            "{cursor}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_altered_cursor_is_refused(flips in prop::collection::vec((any::<prop::sample::Index>(), 0u8..8), 40)) {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let world = World::new().await;
            let customer = customer_with(&world, 2).await;
            let list = format!("{}/locations", at(&customer));
            let cursor = URL_SAFE_NO_PAD.decode(cursor_of(&world, &format!("{list}?limit=1")).await).unwrap();
            for (index, bit) in flips {
                let mut altered = cursor.clone();
                altered[index.index(cursor.len())] ^= 1 << bit;
                let altered = URL_SAFE_NO_PAD.encode(altered);
                assert_eq!(world.get(&world.admin(), &format!("{list}?cursor={altered}")).await.invalid_fields(), ["cursor"]);
            }
        });
    }
}
