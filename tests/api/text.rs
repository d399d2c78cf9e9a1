//! Text, URLs, times and numbers: the form in which they are checked is the form in which they are kept.

use crate::support::{Answer, Call, World, at, key_of, with_fields};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

async fn create(world: &World, fields: Value) -> Answer {
    let body = with_fields(
        json!({"type": "Business", "name": "Acme", "isTenantCustomer": true}),
        fields,
    );
    world.post(&world.admin(), "/v1/customers", body).await
}

#[tokio::test]
async fn text_is_kept_composed_and_trimmed() {
    let world = World::new().await;
    let created = create(
        &world,
        json!({
            "name": "\u{a0} Cafe\u{301}\u{2003}", "email": " office@acme.example\n", "phone": " +14155550100 ",
            "products": ["one ", "two"], "externalId": "Cafe\u{301} ", "address": {"city": "\tKo\u{308}ln", "country": "DE"},
        }),
    )
    .await
    .expect(201)
    .body;
    for (field, kept) in [
        ("name", json!("Café")),
        ("email", json!("office@acme.example")),
        ("phone", json!("+14155550100")),
        ("products", json!(["one", "two"])),
        ("externalId", json!("Café")),
        ("address", json!({"city": "Köln", "country": "DE"})),
    ] {
        assert_eq!(created[field], kept);
    }
    // A patch with another spelling of the stored values changes nothing.
    let same = json!({"name": "Cafe\u{301} ", "externalId": " Café", "products": [" one", "two"], "address": {"city": "Köln\u{3000}"}});
    for patch in [same, json!({"name": " Café"})] {
        let patched = world.patch(&world.admin(), &at(&key_of(&created)), patch).await;
        assert_eq!(patched.expect(200).body, created);
    }
    for spelling in ["Café", "Cafe\u{301}"] {
        let path = format!("/v1/customers/external/{spelling}");
        assert_eq!(world.get(&world.admin(), &path).await.expect(200).body, created);
    }
    let path = "/v1/customers/external/café";
    world.get(&world.admin(), path).await.problem(404, "NOT_FOUND");
    create(&world, json!({"externalId": "Café\n"}))
        .await
        .problem(409, "CONFLICT");
    create(&world, json!({"externalId": "CAFÉ"})).await.expect(201);
}

#[tokio::test]
async fn notes_keep_their_line_feeds_and_nothing_else_that_is_unseen() {
    let world = World::new().await;
    let customer = at(&key_of(&world.customer(json!({})).await));
    let departments = format!("{customer}/departments");
    let post = async |description: &str| {
        let body = json!({"name": "Sales", "description": description});
        world.post(&world.admin(), &departments, body).await
    };
    for (given, kept) in [
        ("one\r\ntwo\rthree\n\nfour\n", "one\ntwo\nthree\n\nfour"),
        (" \n ", ""),
        ("", ""),
    ] {
        assert_eq!(post(given).await.expect(201).body["description"], kept);
    }
    let long = format!("{} ", "ü".repeat(2000));
    assert_eq!(post(&long).await.expect(201).body["description"], long.trim());
    for refused in [
        "a\tb",
        "a\u{0}b",
        "a\u{2028}b",
        "a\u{202e}b",
        "\u{200e}",
        "a\u{200b}",
        &"ü".repeat(2001),
    ] {
        assert_eq!(post(refused).await.invalid_fields(), ["description"], "{refused:?}");
    }
}

#[tokio::test]
async fn text_that_cannot_be_seen_is_refused_in_every_field() {
    let world = World::new().await;
    for hidden in [
        "\u{200b}",
        "\u{2060}",
        "\u{feff}",
        "\u{3164}",
        "\u{ad}",
        "\u{115f}",
        "\u{1160}",
        "\u{2800}",
        "\u{200e}",
        "Ac\u{202e}me",
        "Ac\u{2066}me",
        "Ac\u{2028}me",
        "Acme\u{200b}",
        "Ac\u{0}me",
        "\u{200d}Acme",
        "Ac\tme",
    ] {
        let body = json!({
            "name": hidden, "authTenantId": hidden, "products": [hidden], "externalId": hidden, "email": format!("{hidden}@acme.example"),
            "address": {"line1": hidden, "city": "Springfield", "postalCode": hidden},
        });
        let mut invalid = create(&world, body).await.invalid_fields();
        invalid.sort();
        let expected = [
            "address.line1",
            "address.postalCode",
            "authTenantId",
            "email",
            "externalId",
            "name",
            "products[0]",
        ];
        assert_eq!(invalid, expected, "{hidden:?}");
    }
    let seen = "👩\u{200d}🚀 می\u{200c}خواهم ❤\u{fe0f} שלום\u{200f}";
    assert_eq!(
        create(&world, json!({"name": seen})).await.expect(201).body["name"],
        seen
    );
}

#[tokio::test]
async fn lengths_are_counted_in_the_form_that_is_kept() {
    let world = World::new().await;
    let decomposed = "e\u{301}".repeat(200);
    for name in [decomposed, format!("  {}\n", "é".repeat(200)), "👍".repeat(200)] {
        create(&world, json!({"name": name})).await.expect(201);
    }
    for name in ["é".repeat(201), "\u{958}".repeat(101), " ".repeat(9)] {
        assert_eq!(create(&world, json!({"name": name})).await.invalid_fields(), ["name"]);
    }
}

#[tokio::test]
async fn a_duplicate_is_one_in_the_form_that_is_kept() {
    let world = World::new().await;
    let products = json!({"products": ["Café", "Cafe\u{301} "]});
    assert_eq!(create(&world, products).await.invalid_fields(), ["products[1]"]);
}

#[tokio::test]
async fn unique_names_and_codes_ignore_case_composition_and_edges() {
    let world = World::new().await;
    let customer = at(&key_of(&world.customer(json!({})).await));
    let address = json!({"city": "Springfield"});
    for (kind, field, rest) in [
        ("partition-groups", "name", json!({})),
        ("partitions", "name", json!({"environment": "prod"})),
        ("departments", "internalCode", json!({"name": "Sales"})),
        ("locations", "internalCode", json!({"name": "Shop", "address": address})),
    ] {
        let list = format!("{customer}/{kind}");
        let post = async |value: &str| {
            let body = with_fields(rest.clone(), json!({field: value}));
            world.post(&world.admin(), &list, body).await
        };
        let created = post("Café Straße").await.expect(201).body;
        assert_eq!(created[field], "Café Straße");
        for same in [
            "Cafe\u{301} Straße",
            "CAFÉ STRASSE",
            "café straße",
            "\u{a0}Café Straße ",
        ] {
            let refused = post(same).await.problem(409, "CONFLICT");
            assert_eq!(refused.body["details"]["field"], field);
        }
        let other = post("Cafe Strasse").await.expect(201).body;
        let patch = async |entity: &Value, value: &str| {
            let path = format!("{list}/{}", key_of(entity));
            world.patch(&world.admin(), &path, json!({field: value})).await
        };
        // Its own name in another case is free for it, and for nobody else.
        let renamed = patch(&created, "CAFÉ strasse").await.expect(200).body;
        assert_eq!(
            (&renamed[field], &renamed["version"]),
            (&json!("CAFÉ strasse"), &json!(2))
        );
        patch(&other, "café Straße").await.problem(409, "CONFLICT");
        post("Café Straße").await.problem(409, "CONFLICT");
        // Another name frees it.
        patch(&created, "Sales").await.expect(200);
        post("SALES ").await.problem(409, "CONFLICT");
        patch(&other, "café STRASSE").await.expect(200);
        world
            .delete(&world.admin(), &format!("{list}/{}", key_of(&created)))
            .await
            .expect(204);
        post("sales").await.expect(201);
    }
}

#[tokio::test]
async fn a_list_finds_a_code_as_it_is_compared() {
    let world = World::new().await;
    let customer = at(&key_of(&world.customer(json!({})).await));
    for (kind, rest) in [
        ("departments", json!({})),
        ("locations", json!({"address": {"city": "Springfield"}})),
    ] {
        let list = format!("{customer}/{kind}");
        let create = async |code: &str| {
            let body = with_fields(rest.clone(), json!({"name": "Sales", "internalCode": code}));
            world.post(&world.admin(), &list, body).await.expect(201).body
        };
        let created = create("Café-1").await;
        create("Café-2").await;
        let found = async |code: &str| {
            let code = utf8_percent_encode(code, NON_ALPHANUMERIC);
            world.all(&world.admin(), &format!("{list}?internalCode={code}")).await
        };
        for code in ["Café-1", "CAFE\u{301}-1", "café-1", " Café-1 "] {
            assert_eq!(found(code).await, std::slice::from_ref(&created), "{code}");
        }
        assert!(found("Cafe-1").await.is_empty());
        let path = format!("{list}/{}", key_of(&created));
        let patch = json!({"internalCode": "B"});
        let renamed = world.patch(&world.admin(), &path, patch).await.expect(200).body;
        assert!(found("café-1").await.is_empty());
        assert_eq!(found("b").await, [renamed]);
    }
}

/// A sort key of DynamoDB has at most 1,024 bytes.
#[tokio::test]
async fn the_longest_name_can_be_unique() {
    let world = World::new().await;
    let customer = at(&key_of(&world.customer(json!({})).await));
    for c in ["\u{1f82}", "ﬃ", "👍", "ẞ"] {
        let body = json!({"name": c.repeat(200), "environment": "prod"});
        let path = format!("{customer}/partitions");
        world.post(&world.admin(), &path, body.clone()).await.expect(201);
        world.post(&world.admin(), &path, body).await.problem(409, "CONFLICT");
    }
}

#[tokio::test]
async fn urls_are_kept_as_they_were_parsed() {
    let world = World::new().await;
    for (given, kept) in [
        ("https://acme.example", "https://acme.example/"),
        (" HTTPS://Acme.Example:443/A b", ""),
        ("\u{a0}HTTPS://Acme.Example:443/A?b#c\n", "https://acme.example/A?b#c"),
        ("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"),
        ("https:\\\\acme.example", ""),
        ("https:acme.example", ""),
        ("https:///acme.example", ""),
        ("https://acme.exa\nmple", ""),
        ("https://acme.exa\tmple", ""),
        ("https://acme.example/\0", ""),
        ("https://user@acme.example", ""),
    ] {
        let answer = create(&world, json!({"website": given})).await;
        match kept {
            "" => assert_eq!(answer.invalid_fields(), ["website"], "{given:?}"),
            kept => assert_eq!(answer.expect(201).body["website"], kept, "{given:?}"),
        }
    }
    for (given, is_kept) in [
        ("https://x.com/acme", true),
        ("https://x.com\\@evil.example/", false),
        ("https://evil.example\\.x.com/", false),
        ("https://x.com@evil.example/", false),
        ("https:x.com/acme", false),
    ] {
        let answer = create(&world, json!({"business": {"socialProfiles": {"x": given}}})).await;
        if is_kept {
            assert_eq!(answer.expect(201).body["business"]["socialProfiles"]["x"], given);
        } else {
            assert_eq!(answer.invalid_fields(), ["business.socialProfiles.x"], "{given}");
        }
    }
    // The same URL in another spelling changes nothing.
    let created = create(&world, json!({"website": "https://acme.example"}))
        .await
        .expect(201)
        .body;
    let patch = json!({"website": "HTTPS://ACME.example"});
    let patched = world
        .patch(&world.admin(), &at(&key_of(&created)), patch)
        .await
        .expect(200);
    assert_eq!(patched.body, created);
}

#[tokio::test]
async fn times_are_kept_in_utc_with_milliseconds() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let path = format!("{}/deactivate", at(&customer));
    for odd in [
        "2026-12-01T12:30:60Z",
        "2026-12-01T24:00:00Z",
        "9999-12-31T23:59:59-01:00",
        "10000-01-01T00:00:00Z",
        "2026-12-01T12:30Z",
        "2026-12-01",
    ] {
        let answer = world.post(&world.admin(), &path, json!({"windowEndsAt": odd})).await;
        assert_eq!(answer.invalid_fields(), ["windowEndsAt"], "{odd}");
    }
    let body = json!({"windowEndsAt": "2026-12-01t13:30:00.12345+01:00"});
    let deactivated = world.post(&world.admin(), &path, body).await.expect(200).body;
    assert_eq!(deactivated["deactivation"]["windowEndsAt"], "2026-12-01T12:30:00.123Z");
}

#[tokio::test]
async fn a_whole_number_may_be_written_as_a_float() {
    let world = World::new().await;
    let post = async |number: &str| {
        let body = format!(
            r#"{{"type": "Business", "name": "Acme", "isTenantCustomer": true, "sessionExpirationSeconds": {number}}}"#
        );
        let call = Call::new("POST", "/v1/customers").by(&world.admin());
        world
            .send(call.header("content-type", "application/json").body(&body))
            .await
    };
    for number in ["300", "300.0", "3e2", "3.0E+2", "30000e-2"] {
        assert_eq!(
            post(number).await.expect(201).body["sessionExpirationSeconds"].to_string(),
            "300"
        );
    }
    for number in [
        "300.5",
        "3e-2",
        "299.0",
        "1e300",
        "9007199254740993.0",
        "-300.0",
        "\"300\"",
    ] {
        assert_eq!(
            post(number).await.invalid_fields(),
            ["sessionExpirationSeconds"],
            "{number}"
        );
    }
    for limit in ["2", "2.0", "2e0"] {
        world
            .get(&world.admin(), &format!("/v1/customers?limit={limit}"))
            .await
            .expect(200);
    }
    for limit in ["2.5", "two", "", "0", "101", "1e3"] {
        let answer = world.get(&world.admin(), &format!("/v1/customers?limit={limit}")).await;
        assert_eq!(answer.invalid_fields(), ["limit"], "{limit}");
    }
}

#[tokio::test]
async fn an_empty_address_is_refused() {
    let world = World::new().await;
    let customer = at(&key_of(&world.customer(json!({})).await));
    for address in [json!({}), json!({"line1": null})] {
        assert_eq!(
            create(&world, json!({"address": address})).await.invalid_fields(),
            ["address"]
        );
        for (list, body) in [
            ("clients", json!({"name": "Client", "address": address})),
            ("locations", json!({"name": "Shop", "address": address})),
        ] {
            let answer = world.post(&world.admin(), &format!("{customer}/{list}"), body).await;
            assert_eq!(answer.invalid_fields(), ["address"]);
        }
        // A patch must not create one either.
        let answer = world
            .patch(&world.admin(), &customer, json!({"address": address}))
            .await;
        assert_eq!(answer.invalid_fields(), ["address"]);
    }
    let created = create(&world, json!({"address": {"country": "DE"}}))
        .await
        .expect(201)
        .body;
    assert_eq!(created["address"], json!({"country": "DE"}));
}
