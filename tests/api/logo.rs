//! /v1/customers/{customerKey}/logo and /v1/customers/{customerKey}/clients/{clientKey}/logo

use crate::support::{Answer, Call, LOGO_URL, PNG, World, at, key_of};
use serde_json::{Value, json};

/// The start of a JPEG of one pixel.
const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x04JF\xff\xc0\0\x0b\x08\0\x01\0\x01 and so on";

/// The body of an upload request for the sample PNG.
fn upload_request() -> Value {
    json!({"contentType": "image/png", "bytes": PNG.len()})
}

/// Creates a customer and a client of it, and returns their paths.
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

/// Requests an upload, uploads these bytes, and returns the receipt.
async fn upload(world: &World, owner: &str, request: Value, bytes: &[u8]) -> String {
    let answer = world
        .post(&world.admin(), &format!("{owner}/logo"), request)
        .await
        .expect(201)
        .body;
    world.objects.upload(&answer, bytes);
    answer["receipt"].as_str().unwrap().to_owned()
}

async fn confirm(world: &World, owner: &str, receipt: &str) -> Answer {
    let body = json!({"receipt": receipt});
    world.put(&world.admin(), &format!("{owner}/logo"), body).await
}

#[tokio::test]
async fn an_upload_request_returns_a_signed_url_and_shows_no_logo() {
    let world = World::new().await;
    for owner in owners(&world).await {
        let answer = world
            .post(&world.admin(), &format!("{owner}/logo"), upload_request())
            .await
            .expect(201);
        assert_eq!(answer.body["receipt"].as_str().unwrap().len(), 26);
        assert_eq!(answer.body["expiresAt"], "2026-11-23T08:15:00.000Z");
        let upload = &answer.body["upload"];
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
        assert_eq!(answer.requests, ["TransactWriteItems"]);
        assert!(world.objects.all().is_empty());
        let current = world.get(&world.admin(), &owner).await.expect(200).body;
        assert_eq!((current.get("logo"), &current["version"]), (None, &json!(1)));
    }
}

#[tokio::test]
async fn a_confirmed_upload_is_copied_to_a_new_cdn_name() {
    let world = World::new().await;
    for owner in owners(&world).await {
        let receipt = upload(&world, &owner, upload_request(), PNG).await;
        let confirmed = confirm(&world, &owner, &receipt).await.expect(200);
        assert_eq!(confirmed.header("etag"), Some("\"2\""));
        let logo = &confirmed.body["logo"];
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
        ("image/jpeg", JPEG, "jpg"),
        (
            "image/webp",
            b"RIFF\x18\0\0\0WEBPVP8L\x0b\0\0\0\x2f\0\0\0\0 and so",
            "webp",
        ),
    ] {
        let request = json!({"contentType": content_type, "bytes": bytes.len()});
        let receipt = upload(&world, &owner, request, bytes).await;
        let confirmed = confirm(&world, &owner, &receipt).await.expect(200).body;
        assert!(
            confirmed["logo"]["url"]
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
    for (body, invalid) in [
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
            .invalid_fields();
        got.sort();
        let mut invalid = invalid;
        invalid.sort_unstable();
        assert_eq!(got, invalid, "{body}");
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
    let too_large = [PNG, &vec![0; 2_097_152][..]].concat();
    let huge = [&PNG[..16], b"\0\0\x10\x01\0\0\0\x01\x08\x06\0\0\0\xb1\xe3\x00\x42"].concat();
    for (bytes, expected) in [
        (&b""[..], "empty"),
        (
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            "not a PNG, JPEG or WebP image",
        ),
        (JPEG, "type is not the requested one"),
        (b"\x89PN", "not a PNG, JPEG or WebP image"),
        (&PNG[..8], "cut off or damaged"),
        (&PNG[..32], "cut off or damaged"),
        (
            b"\x89PNG\r\n\x1a\n and no header of an image at all",
            "cut off or damaged",
        ),
        (&huge, "from 1 to 4,096 pixels"),
        (&too_large, "more than 2 MiB"),
    ] {
        let receipt = upload(&world, &owner, upload_request(), bytes).await;
        let refused = confirm(&world, &owner, &receipt)
            .await
            .problem(400, "VALIDATION_FAILED");
        assert_eq!(refused.body["errors"][0]["field"], "receipt");
        let message = refused.body["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains(expected), "{message}");
    }
    assert!(world.objects.served().is_empty());
    let current = world.get(&world.admin(), &owner).await.expect(200).body;
    assert_eq!(current.get("logo"), None);
}

#[tokio::test]
async fn a_receipt_confirms_only_its_own_upload() {
    let world = World::new().await;
    let [customer, client] = owners(&world).await;
    let [other, _] = owners(&world).await;
    let receipt = upload(&world, &customer, upload_request(), PNG).await;
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
            confirm(&world, &customer, receipt).await.invalid_fields(),
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
    let receipt = upload(&world, &owner, upload_request(), PNG).await;
    world.objects.replace_after_next_read(b"<script>alert(1)</script>");
    let refused = confirm(&world, &owner, &receipt).await.problem(409, "CONFLICT");
    assert_eq!(refused.body["details"]["field"], "receipt");
    assert!(world.objects.served().is_empty());
}

#[tokio::test]
async fn a_second_confirmation_changes_nothing() {
    let world = World::new().await;
    let [owner, _] = owners(&world).await;
    let receipt = upload(&world, &owner, upload_request(), PNG).await;
    let first = confirm(&world, &owner, &receipt).await.expect(200);
    let again = confirm(&world, &owner, &receipt).await.expect(200);
    assert_eq!(first.body, again.body);
    assert_eq!(again.requests, ["BatchGetItem"]);
    assert_eq!(world.objects.served().len(), 1);
}

#[tokio::test]
async fn concurrent_confirmations_show_one_logo() {
    let world = World::new().await;
    let [owner, _] = owners(&world).await;
    let receipt = upload(&world, &owner, upload_request(), PNG).await;
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
        let receipt = upload(&world, &owner, upload_request(), PNG).await;
        confirm(&world, &owner, &receipt).await.expect(200);
        let stale = Call::new("DELETE", &logo)
            .by(&world.admin())
            .header("if-match", "\"1\"");
        world.send(stale).await.problem(412, "VERSION_MISMATCH");
        world.delete(&world.admin(), &logo).await.expect(204);
        world.delete(&world.admin(), &logo).await.expect(204);
        let current = world.get(&world.admin(), &owner).await.expect(200).body;
        assert_eq!((current.get("logo"), &current["version"]), (None, &json!(3)));
    }
}

#[tokio::test]
async fn a_disabled_or_missing_owner_gets_no_logo() {
    let world = World::new().await;
    let admin = world.admin();
    let [customer, client] = owners(&world).await;
    let mut receipts = Vec::new();
    for owner in [&customer, &client] {
        receipts.push(upload(&world, owner, upload_request(), PNG).await);
    }
    world.act(&client, "disable").await;
    world
        .post(&admin, &format!("{client}/logo"), upload_request())
        .await
        .problem(409, "CUSTOMER_DISABLED");
    world.act(&customer, "deactivate").await;
    for (owner, receipt) in [&customer, &client].into_iter().zip(&receipts) {
        let logo = format!("{owner}/logo");
        world
            .post(&admin, &logo, upload_request())
            .await
            .problem(409, "CUSTOMER_DISABLED");
        confirm(&world, owner, receipt).await.problem(409, "CUSTOMER_DISABLED");
        world.delete(&admin, &logo).await.problem(409, "CUSTOMER_DISABLED");
    }
    assert!(world.objects.served().is_empty());
    let missing_customer = "/v1/customers/cus_01kb1v0c1tfr2v6krscysfnvgb/logo";
    let missing_client = format!("{customer}/clients/cli_01kb1v0c1tfr2v6krscysfnvgb/logo");
    for (path, entity) in [(missing_customer, "Customer"), (missing_client.as_str(), "Client")] {
        let missing = world.delete(&admin, path).await.problem(404, "NOT_FOUND");
        assert_eq!(missing.body["details"]["entity"], entity);
    }
    world
        .post(&admin, missing_customer, upload_request())
        .await
        .problem(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_repeated_upload_request_gets_the_same_receipt_with_a_new_signature() {
    let world = World::new().await;
    let [owner, _] = owners(&world).await;
    let request = |bytes: u64| {
        Call::new("POST", &format!("{owner}/logo"))
            .by(&world.admin())
            .header("idempotency-key", "one")
            .json(json!({"contentType": "image/png", "bytes": bytes}))
    };
    let first = world.send(request(9)).await.expect(201);
    world.clock.forward(chrono::TimeDelta::minutes(20));
    let again = world.send(request(9)).await.expect(201);
    assert_eq!(again.header("idempotent-replay"), Some("true"));
    assert_eq!(first.body["receipt"], again.body["receipt"]);
    assert_eq!(again.body["expiresAt"], "2026-11-23T08:35:00.000Z");
    assert_ne!(first.body["upload"]["url"], again.body["upload"]["url"]);
    world.send(request(10)).await.problem(422, "IDEMPOTENCY_KEY_REUSED");
    let items = world.items().await;
    assert!(!format!("{items:?}").contains("X-Amz"));
}

#[tokio::test]
async fn an_s3_failure_is_reported_and_changes_nothing() {
    let world = World::new().await;
    let [owner, _] = owners(&world).await;
    let receipt = upload(&world, &owner, upload_request(), PNG).await;
    world.objects.fail_requests(1);
    confirm(&world, &owner, &receipt).await.problem(503, "UNAVAILABLE");
    let current = world.get(&world.admin(), &owner).await.expect(200).body;
    assert_eq!((current.get("logo"), &current["version"]), (None, &json!(1)));
    confirm(&world, &owner, &receipt).await.expect(200);
}

#[tokio::test]
async fn the_shown_logo_can_be_read_where_it_was_requested() {
    let world = World::new().await;
    for owner in owners(&world).await {
        let logo = format!("{owner}/logo");
        let receipt = upload(&world, &owner, upload_request(), PNG).await;
        let missing = world.get(&world.admin(), &logo).await.problem(404, "NOT_FOUND");
        assert_eq!(missing.body["details"], json!({"entity": "Logo"}));
        let confirmed = confirm(&world, &owner, &receipt).await.expect(200);
        let shown = world.get(&world.admin(), &logo).await.expect(200);
        assert_eq!(shown.body, confirmed.body["logo"]);
        assert_eq!(shown.header("etag"), Some("\"2\""));
        assert_eq!(shown.requests, ["GetItem"]);
        world.delete(&world.admin(), &logo).await.expect(204);
        world.get(&world.admin(), &logo).await.problem(404, "NOT_FOUND");
    }
}

#[tokio::test]
async fn an_old_receipt_does_not_bring_a_logo_back() {
    let world = World::new().await;
    for owner in owners(&world).await {
        let old = upload(&world, &owner, upload_request(), PNG).await;
        let first = upload(&world, &owner, upload_request(), PNG).await;
        let second = upload(&world, &owner, upload_request(), PNG).await;
        confirm(&world, &owner, &first).await.expect(200);
        confirm(&world, &owner, &first).await.expect(200);
        let copies = world.objects.served().len();
        // One that was never confirmed is older than the confirmed one.
        assert_eq!(confirm(&world, &owner, &old).await.invalid_fields(), ["receipt"]);
        world.delete(&world.admin(), &format!("{owner}/logo")).await.expect(204);
        assert_eq!(confirm(&world, &owner, &first).await.invalid_fields(), ["receipt"]);
        assert_eq!(world.objects.served().len(), copies);
        confirm(&world, &owner, &second).await.expect(200);
        for receipt in [&old, &first] {
            assert_eq!(confirm(&world, &owner, receipt).await.invalid_fields(), ["receipt"]);
        }
        let shown = world.get(&world.admin(), &format!("{owner}/logo")).await.expect(200);
        assert_eq!(shown.body["receipt"], json!(second));
    }
}

#[tokio::test]
async fn a_missing_owner_is_reported_before_a_receipt_without_an_image() {
    let world = World::new().await;
    let [customer, _] = owners(&world).await;
    let missing_customer = "/v1/customers/cus_01kb1v0c1tfr2v6krscysfnvgb";
    let missing_client = format!("{customer}/clients/cli_01kb1v0c1tfr2v6krscysfnvgb");
    for owner in [missing_customer, &missing_client] {
        let receipt = "01kb1v0c1tfr2v6krscysfnvgb";
        confirm(&world, owner, receipt).await.problem(404, "NOT_FOUND");
        // A malformed body comes first, as everywhere.
        assert_eq!(confirm(&world, owner, "x").await.invalid_fields(), ["receipt"]);
    }
}
