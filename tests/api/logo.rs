//! /v1/customers/{customerKey}/logo, and of a client.

use crate::support::{Call, LOGO_URL, PNG, World, at, key_of};
use serde_json::{Value, json};

fn wish() -> Value {
    json!({"contentType": "image/png", "bytes": PNG.len()})
}

/// A customer's path and that of a client of its.
async fn owners(world: &World) -> [String; 2] {
    let customer = at(&key_of(&world.customer(json!({})).await));
    let client = world
        .post(
            &world.admin(),
            &format!("{customer}/clients"),
            json!({"name": "Client"}),
        )
        .await
        .expect(201);
    let client = format!("{customer}/clients/{}", client.key());
    [customer, client]
}

/// Asks, uploads, and gives the receipt.
async fn uploaded(world: &World, owner: &str, wish: Value, bytes: &[u8]) -> String {
    let asked = world
        .post(&world.admin(), &format!("{owner}/logo"), wish)
        .await
        .expect(201)
        .body;
    world.objects.upload(&asked, bytes);
    asked["receipt"].as_str().unwrap().to_owned()
}

async fn confirm(world: &World, owner: &str, receipt: &str) -> crate::support::Answer {
    let body = json!({"receipt": receipt});
    world.put(&world.admin(), &format!("{owner}/logo"), body).await
}

#[tokio::test]
async fn an_upload_request_returns_a_signed_url_and_shows_no_logo() {
    let world = World::new().await;
    for owner in owners(&world).await {
        let asked = world
            .post(&world.admin(), &format!("{owner}/logo"), wish())
            .await
            .expect(201);
        assert_eq!(asked.body["receipt"].as_str().unwrap().len(), 26);
        assert_eq!(asked.body["expiresAt"], "2026-11-23T08:15:00.000Z");
        let upload = &asked.body["upload"];
        assert_eq!(upload["method"], "PUT");
        assert_eq!(
            upload["headers"],
            json!({"content-type": "image/png", "content-length": PNG.len().to_string()})
        );
        let url = upload["url"].as_str().unwrap();
        assert!(url.contains("X-Amz-Expires=900"), "{url}");
        assert!(
            url.contains("X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost"),
            "{url}"
        );
        assert_eq!(asked.seen.requests, ["TransactWriteItems"]);
        assert!(world.objects.all().is_empty());
        let now = world.get(&world.admin(), &owner).await.expect(200).body;
        assert_eq!((now.get("logo"), &now["version"]), (None, &json!(1)));
    }
}

#[tokio::test]
async fn a_confirmed_upload_is_copied_to_a_new_cdn_name() {
    let world = World::new().await;
    for owner in owners(&world).await {
        let receipt = uploaded(&world, &owner, wish(), PNG).await;
        let shown = confirm(&world, &owner, &receipt).await.expect(200);
        assert_eq!(shown.header("etag"), Some("\"2\""));
        let logo = &shown.body["logo"];
        assert_eq!(logo["receipt"], json!(receipt));
        let name = logo["url"].as_str().unwrap().strip_prefix(LOGO_URL).unwrap();
        assert!(name.ends_with(".png") && !name.contains(&receipt), "{name}");
        let object = &world.objects.all()[&format!("logos{name}")];
        assert_eq!(object.bytes, PNG);
        assert_eq!(object.content_type, "image/png");
        assert_eq!(object.cache_control, "public, max-age=86400, immutable");
        assert_eq!(object.tags, "state=unconfirmed");
        let read = world.get(&world.admin(), &owner).await.expect(200).body;
        assert_eq!(read["logo"], *logo);
    }
}

#[tokio::test]
async fn each_image_type_is_recognized_by_its_first_bytes() {
    let world = World::new().await;
    let [owner, _] = owners(&world).await;
    for (content_type, bytes, extension) in [
        ("image/png", PNG, "png"),
        ("image/jpeg", &b"\xff\xd8\xff\xe0 and so on"[..], "jpg"),
        ("image/webp", b"RIFF\x24\0\0\0WEBPVP8 and so on", "webp"),
    ] {
        let wish = json!({"contentType": content_type, "bytes": bytes.len()});
        let receipt = uploaded(&world, &owner, wish, bytes).await;
        let shown = confirm(&world, &owner, &receipt).await.expect(200).body;
        assert!(
            shown["logo"]["url"]
                .as_str()
                .unwrap()
                .ends_with(&format!(".{extension}"))
        );
    }
}

#[tokio::test]
async fn an_invalid_upload_request_is_refused() {
    let world = World::new().await;
    let [owner, _] = owners(&world).await;
    for (body, broken) in [
        (json!({}), vec!["contentType", "bytes"]),
        (
            json!({"contentType": "image/svg+xml", "bytes": 100}),
            vec!["contentType"],
        ),
        (json!({"contentType": "image/png", "bytes": 0}), vec!["bytes"]),
        (json!({"contentType": "image/png", "bytes": 2_097_153}), vec!["bytes"]),
        (
            json!({"contentType": "image/png", "bytes": "9", "name": "x"}),
            vec!["name", "bytes"],
        ),
    ] {
        let mut got = world
            .post(&world.admin(), &format!("{owner}/logo"), body.clone())
            .await
            .broken();
        got.sort();
        let mut broken = broken;
        broken.sort_unstable();
        assert_eq!(got, broken, "{body}");
    }
    let largest = json!({"contentType": "image/png", "bytes": 2_097_152});
    world
        .post(&world.admin(), &format!("{owner}/logo"), largest)
        .await
        .expect(201);
}

#[tokio::test]
async fn an_upload_that_is_not_the_declared_image_is_refused() {
    let world = World::new().await;
    let [owner, _] = owners(&world).await;
    let too_long = [PNG, &vec![0; 2_097_152][..]].concat();
    for (bytes, says) in [
        (&b""[..], "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no PNG, JPEG or WebP"),
        (b"\xff\xd8\xff\xe0 and so on", "another type than was said"),
        (b"\x89PN", "no PNG, JPEG or WebP"),
        (&too_long, "more than 2 MiB"),
    ] {
        let receipt = uploaded(&world, &owner, wish(), bytes).await;
        let refused = confirm(&world, &owner, &receipt)
            .await
            .problem(400, "VALIDATION_FAILED");
        assert_eq!(refused.body["errors"][0]["field"], "receipt");
        let message = refused.body["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains(says), "{message}");
    }
    assert!(world.objects.served().is_empty());
    let now = world.get(&world.admin(), &owner).await.expect(200).body;
    assert_eq!(now.get("logo"), None);
}

#[tokio::test]
async fn a_receipt_confirms_only_its_own_upload() {
    let world = World::new().await;
    let [customer, client] = owners(&world).await;
    let [other, _] = owners(&world).await;
    let receipt = uploaded(&world, &customer, wish(), PNG).await;
    for owner in [&client, &other] {
        confirm(&world, owner, &receipt).await.problem(400, "VALIDATION_FAILED");
    }
    for receipt in [
        "",
        "x",
        "../../../logos/00000000000",
        "01kb1v0c1tfr2v6krscysfnvgb",
        "01KB1V0C1TFR2V6KRSCYSFNVGB",
    ] {
        assert_eq!(
            confirm(&world, &customer, receipt).await.broken(),
            ["receipt"],
            "{receipt}"
        );
    }
    confirm(&world, &customer, &receipt).await.expect(200);
}

#[tokio::test]
async fn an_upload_replaced_during_the_check_is_refused() {
    let world = World::new().await;
    let [owner, _] = owners(&world).await;
    let receipt = uploaded(&world, &owner, wish(), PNG).await;
    world.objects.swap(b"<script>alert(1)</script>");
    let refused = confirm(&world, &owner, &receipt).await.problem(409, "CONFLICT");
    assert_eq!(refused.body["details"]["field"], "receipt");
    assert!(world.objects.served().is_empty());
}

#[tokio::test]
async fn a_second_confirmation_changes_nothing() {
    let world = World::new().await;
    let [owner, _] = owners(&world).await;
    let receipt = uploaded(&world, &owner, wish(), PNG).await;
    let first = confirm(&world, &owner, &receipt).await.expect(200);
    let again = confirm(&world, &owner, &receipt).await.expect(200);
    assert_eq!(first.body, again.body);
    assert_eq!(again.seen.requests, ["GetItem"]);
    assert_eq!(world.objects.served().len(), 1);
}

#[tokio::test]
async fn concurrent_confirmations_show_one_logo() {
    let world = World::new().await;
    let [owner, _] = owners(&world).await;
    let receipt = uploaded(&world, &owner, wish(), PNG).await;
    let (one, other) = tokio::join!(confirm(&world, &owner, &receipt), confirm(&world, &owner, &receipt));
    let (one, other) = (one.expect(200).body, other.expect(200).body);
    assert_eq!(one["logo"], other["logo"]);
    assert_eq!((&one["version"], &other["version"]), (&json!(2), &json!(2)));
}

#[tokio::test]
async fn deleting_a_logo_removes_it_and_succeeds_without_one() {
    let world = World::new().await;
    for owner in owners(&world).await {
        let logo = format!("{owner}/logo");
        world.delete(&world.admin(), &logo).await.expect(204);
        let receipt = uploaded(&world, &owner, wish(), PNG).await;
        confirm(&world, &owner, &receipt).await.expect(200);
        let stale = Call::new("DELETE", &logo)
            .by(&world.admin())
            .header("if-match", "\"1\"");
        world.send(stale).await.problem(412, "VERSION_MISMATCH");
        world.delete(&world.admin(), &logo).await.expect(204);
        world.delete(&world.admin(), &logo).await.expect(204);
        let now = world.get(&world.admin(), &owner).await.expect(200).body;
        assert_eq!((now.get("logo"), &now["version"]), (None, &json!(3)));
    }
}

#[tokio::test]
async fn a_disabled_or_missing_owner_gets_no_logo() {
    let world = World::new().await;
    let admin = world.admin();
    let [customer, client] = owners(&world).await;
    let mut receipts = Vec::new();
    for owner in [&customer, &client] {
        receipts.push(uploaded(&world, owner, wish(), PNG).await);
    }
    world
        .post(&admin, &format!("{client}/disable"), json!({}))
        .await
        .expect(200);
    world
        .post(&admin, &format!("{client}/logo"), wish())
        .await
        .problem(409, "CUSTOMER_DISABLED");
    world
        .post(&admin, &format!("{customer}/deactivate"), json!({}))
        .await
        .expect(200);
    for (owner, receipt) in [&customer, &client].into_iter().zip(&receipts) {
        let logo = format!("{owner}/logo");
        world
            .post(&admin, &logo, wish())
            .await
            .problem(409, "CUSTOMER_DISABLED");
        confirm(&world, owner, receipt).await.problem(409, "CUSTOMER_DISABLED");
        world.delete(&admin, &logo).await.problem(409, "CUSTOMER_DISABLED");
    }
    assert!(world.objects.served().is_empty());
    let nobody = "/v1/customers/cus_01kb1v0c1tfr2v6krscysfnvgb/logo";
    let no_client = format!("{customer}/clients/cli_01kb1v0c1tfr2v6krscysfnvgb/logo");
    for (path, entity) in [(nobody, "Customer"), (no_client.as_str(), "Client")] {
        let missing = world.delete(&admin, path).await.problem(404, "NOT_FOUND");
        assert_eq!(missing.body["details"]["entity"], entity);
    }
    world.post(&admin, nobody, wish()).await.problem(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_repeated_upload_request_gets_the_same_receipt_with_a_new_signature() {
    let world = World::new().await;
    let [owner, _] = owners(&world).await;
    let ask = |bytes: u64| {
        Call::new("POST", &format!("{owner}/logo"))
            .by(&world.admin())
            .header("idempotency-key", "one")
            .json(json!({"contentType": "image/png", "bytes": bytes}))
    };
    let first = world.send(ask(9)).await.expect(201);
    world.clock.forward(chrono::TimeDelta::minutes(20));
    let again = world.send(ask(9)).await.expect(201);
    assert_eq!(again.header("idempotent-replay"), Some("true"));
    assert_eq!(first.body["receipt"], again.body["receipt"]);
    assert_eq!(again.body["expiresAt"], "2026-11-23T08:35:00.000Z");
    assert_ne!(first.body["upload"]["url"], again.body["upload"]["url"]);
    world.send(ask(10)).await.problem(422, "IDEMPOTENCY_KEY_REUSED");
    let items = world
        .client
        .scan()
        .table_name(crate::support::TABLE)
        .send()
        .await
        .unwrap();
    assert!(!format!("{items:?}").contains("X-Amz"));
}

#[tokio::test]
async fn an_s3_failure_is_reported_and_changes_nothing() {
    let world = World::new().await;
    let [owner, _] = owners(&world).await;
    let receipt = uploaded(&world, &owner, wish(), PNG).await;
    world.objects.fail(1);
    confirm(&world, &owner, &receipt).await.problem(503, "UNAVAILABLE");
    let now = world.get(&world.admin(), &owner).await.expect(200).body;
    assert_eq!((now.get("logo"), &now["version"]), (None, &json!(1)));
    confirm(&world, &owner, &receipt).await.expect(200);
}
