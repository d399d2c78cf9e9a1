//! The limits of a request body: its size, its content type, its JSON.

use crate::support::{Call, World, at};
use serde_json::json;

const PATH: &str = "/v1/customers";
const BODY: &str = r#"{"type": "Business", "name": "Acme", "isTenantCustomer": true}"#;

fn post(world: &World) -> Call {
    Call::new("POST", PATH).by(&world.admin())
}

#[tokio::test]
async fn a_body_over_256_kib_is_refused() {
    let world = World::new().await;
    let padded = |bytes: usize| format!("{BODY}{}", " ".repeat(bytes - BODY.len()));
    let json = || post(&world).header("content-type", "application/json");
    world.send(json().body(&padded(256 * 1024))).await.expect(201);
    world
        .send(json().body(&padded(256 * 1024 + 1)))
        .await
        .problem(413, "PAYLOAD_TOO_LARGE");
}

#[tokio::test]
async fn the_size_limit_counts_bytes() {
    let world = World::new().await;
    let body = json!({"name": "ü".repeat(140 * 1024)});
    world
        .send(post(&world).json(body))
        .await
        .problem(413, "PAYLOAD_TOO_LARGE");
}

#[tokio::test]
async fn a_base64_body_is_decoded() {
    let world = World::new().await;
    world
        .send(
            post(&world)
                .header("content-type", "application/json")
                .base64_body(BODY.as_bytes()),
        )
        .await
        .expect(201);
}

#[tokio::test]
async fn only_json_content_types_are_accepted() {
    let world = World::new().await;
    for accepted in [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
    ] {
        world
            .send(post(&world).header("content-type", accepted).body(BODY))
            .await
            .expect(201);
    }
    for refused in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "application/merge-patch+json",
        "json",
        "",
        "a/b/c",
    ] {
        let answer = world
            .send(post(&world).header("content-type", refused).body(BODY))
            .await;
        answer.problem(415, "UNSUPPORTED_MEDIA_TYPE");
    }
}

#[tokio::test]
async fn a_patch_may_have_the_merge_patch_content_type() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let patch = |kind: &str| {
        Call::new("PATCH", &at(&customer))
            .by(&world.admin())
            .header("content-type", kind)
            .body(r#"{"name": "New"}"#)
    };
    for accepted in ["application/merge-patch+json", "application/json"] {
        world.send(patch(accepted)).await.expect(200);
    }
    for refused in ["application/json-patch+json", "text/plain"] {
        world.send(patch(refused)).await.problem(415, "UNSUPPORTED_MEDIA_TYPE");
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_is_malformed() {
    let world = World::new().await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_field = format!(r#"{{"business": {}1{}}}"#, r#"{"a":"#.repeat(5_000), "}".repeat(5_000));
    for body in [
        "",
        " ",
        "{",
        "}",
        r#"{"name": "#,
        r#"{"name": "Acme",}"#,
        "{'name': 'Acme'}",
        "{name: 1}",
        "NaN",
        "{} {}",
        r#"{"a": 1e999}"#,
        r#"{"name": "\ud800"}"#,
        "{\"name\": \"a\nb\"}",
        "\u{feff}{}",
        &deep,
        &deep_field,
    ] {
        let answer = world
            .send(post(&world).header("content-type", "application/json").body(body))
            .await;
        let detail = answer.problem(400, "MALFORMED_REQUEST").body["detail"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(detail.len() < 100, "{detail}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_utf_8_is_malformed() {
    let world = World::new().await;
    let call = post(&world)
        .header("content-type", "application/json")
        .base64_body(b"{\"name\": \"\xff\xfe\"}");
    world.send(call).await.problem(400, "MALFORMED_REQUEST");
}

#[tokio::test]
async fn a_json_body_that_is_not_an_object_fails_validation() {
    let world = World::new().await;
    for body in ["[]", "null", "1", "\"text\"", "true", "[{}]"] {
        let answer = world
            .send(post(&world).header("content-type", "application/json").body(body))
            .await;
        answer.problem(400, "VALIDATION_FAILED");
    }
}

#[tokio::test]
async fn an_error_does_not_echo_the_body() {
    let world = World::new().await;
    for body in [
        r#"{"name": "a-secret" "#,
        r#"{"email": "a-secret", "type": "a-secret", "address": {"country": "a-secret"}}"#,
    ] {
        let answer = world
            .send(post(&world).header("content-type", "application/json").body(body))
            .await;
        assert_eq!(answer.status, 400);
        assert!(!answer.body.to_string().contains("a-secret"), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_compressed_body_is_refused_before_it_is_read() {
    let world = World::new().await;
    let gzip = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    for encoding in [
        "gzip",
        "br",
        "deflate",
        "identity, gzip",
        "gzip,identity",
        "unknown",
        "",
    ] {
        for call in [
            post(&world).base64_body(&gzip),
            post(&world).body(BODY),
            Call::new("PATCH", &at("cus_x")).by(&world.admin()).body("{}"),
        ] {
            let call = call
                .header("content-type", "application/json")
                .header("content-encoding", encoding);
            world.send(call).await.problem(415, "UNSUPPORTED_MEDIA_TYPE");
        }
    }
    let plain = post(&world)
        .header("content-type", "application/json")
        .header("content-encoding", "Identity");
    world.send(plain.body(BODY)).await.expect(201);
}

#[tokio::test]
async fn a_name_that_an_object_has_twice_is_refused() {
    let world = World::new().await;
    for (body, repeated) in [
        (
            r#"{"type": "Business", "name": "A", "isTenantCustomer": true, "name": "B"}"#,
            vec!["name"],
        ),
        (
            r#"{"type": "Business", "name": "A", "isTenantCustomer": true, "n\u0061me": "A"}"#,
            vec!["name"],
        ),
        (
            r#"{"type": "Business", "name": "A", "isTenantCustomer": true, "address": {"city": "A", "city": "A"}, "products": [], "products": null}"#,
            vec!["address.city", "products"],
        ),
        (
            r#"{"type": "Business", "name": "A", "isTenantCustomer": true, "products": [{"a": 1, "a": [{"b": 1, "b": 2}]}]}"#,
            vec!["products[0].a", "products[0].a[0].b", "products[0]"],
        ),
        (
            r#"{"name": "", "x": 1, "x": 2}"#,
            vec!["x", "type", "name", "x", "bootstrapTenantKey"],
        ),
    ] {
        let call = post(&world).header("content-type", "application/json").body(body);
        assert_eq!(world.send(call).await.invalid_fields(), repeated, "{body}");
    }
    let customer = world.member_customer("Acme").await;
    let patch = Call::new("PATCH", &at(&customer))
        .by(&world.admin())
        .header("content-type", "application/json")
        .body(r#"{"name": "A", "name": "B"}"#);
    assert_eq!(world.send(patch).await.invalid_fields(), ["name"]);
}

#[tokio::test]
async fn a_problem_lists_100_invalid_fields_and_counts_the_rest() {
    let world = World::new().await;
    let send = async |body: String| {
        let call = post(&world).header("content-type", "application/json").body(&body);
        world.send(call).await.problem(400, "VALIDATION_FAILED")
    };
    let unknown = |count: usize| {
        let fields: Vec<String> = (0..count).map(|n| format!(r#""f{n}":1"#)).collect();
        format!(
            r#"{{"type":"Business","name":"A","isTenantCustomer":true,{}}}"#,
            fields.join(",")
        )
    };
    let hundred = send(unknown(100)).await;
    assert_eq!(hundred.body["detail"], "100 fields are invalid; see errors.");
    assert_eq!(hundred.body["errors"].as_array().unwrap().len(), 100);
    let many = send(unknown(23_000)).await;
    assert_eq!(
        many.body["detail"],
        "23000 fields are invalid; errors lists the first 100 and leaves out 22900 more."
    );
    assert_eq!(many.body["errors"].as_array().unwrap().len(), 100);
    assert!(many.body.to_string().len() < 10_000);
    let long = send(format!(r#"{{"{}":1}}"#, "x".repeat(200_000))).await;
    assert!(long.body.to_string().len() < 1_000, "{}", long.body);
    // The names above repeated ones are long, and there are many of them.
    let nested = format!(
        r#"{{"{}":{{{}}}}}"#,
        "x".repeat(100_000),
        [r#""a":1"#; 25_000].join(",")
    );
    let nested = send(nested).await;
    assert_eq!(nested.body["errors"].as_array().unwrap().len(), 100);
    assert!(nested.body.to_string().len() < 20_000);
}
