//! The keys of a key set: which of them verify which token.

use super::{PATH, admin_of, status, world_with};
use crate::support::{Key, World};
use serde_json::{Value, json};

fn rsa() -> Value {
    serde_json::from_str(include_str!("rsa.json")).unwrap()
}

fn with(jwk: &Value, field: &str, value: Value) -> Value {
    let mut jwk = jwk.clone();
    jwk[field] = value;
    jwk
}

fn without(jwk: &Value, field: &str) -> Value {
    let mut jwk = jwk.clone();
    jwk.as_object_mut().unwrap().remove(field);
    jwk
}

#[tokio::test]
async fn an_rsa_key_verifies_only_with_sha_256() {
    let rsa = rsa();
    let world = world_with(&[rsa["jwk"].clone()]).await;
    assert_eq!(status(&world, rsa["rs256"].as_str().unwrap()).await, 200);
    assert_eq!(status(&world, rsa["rs512"].as_str().unwrap()).await, 401);
}

#[tokio::test]
async fn a_keys_algorithm_purpose_and_operations_are_honoured() {
    let rsa = rsa();
    let (ed, p256) = (Key::new("ed"), Key::p256("p256"));
    let rs256 = rsa["rs256"].as_str().unwrap();
    for (field, value, expected) in [
        ("alg", json!("RS256"), 200),
        ("alg", json!("RS512"), 401),
        ("alg", json!("PS256"), 401),
        ("alg", json!("RSA-OAEP-256"), 401),
        ("alg", json!("ES256"), 401),
        ("alg", json!("HS256"), 401),
        ("alg", json!("something new"), 401),
        ("use", json!("sig"), 200),
        ("use", json!("enc"), 401),
        ("use", json!("something new"), 401),
        ("key_ops", json!(["verify"]), 200),
        ("key_ops", json!(["sign", "verify"]), 200),
        ("key_ops", json!(["encrypt", "wrapKey"]), 401),
        ("key_ops", json!([]), 401),
        ("key_ops", json!("verify"), 401),
    ] {
        let world = world_with(&[with(&rsa["jwk"], field, value.clone())]).await;
        assert_eq!(status(&world, rs256).await, expected, "{field}: {value}");
        for key in [&ed, &p256] {
            // The algorithms above are those of an RSA key.
            let expected = match (field, key.jwk()["kty"].as_str().unwrap()) {
                ("alg", "EC") if value == "ES256" => 200,
                ("alg", _) => 401,
                _ => expected,
            };
            let world = world_with(&[with(&key.jwk(), field, value.clone())]).await;
            let token = admin_of(&world, key).sign();
            assert_eq!(status(&world, &token).await, expected, "{} {field}: {value}", key.kid);
        }
    }
    for field in ["alg", "use"] {
        let world = world_with(&[without(&rsa["jwk"], field)]).await;
        assert_eq!(status(&world, rs256).await, 200, "no {field}");
        assert_eq!(status(&world, rsa["rs512"].as_str().unwrap()).await, 401, "no {field}");
    }
    let world = world_with(&[with(&ed.jwk(), "alg", json!("EdDSA"))]).await;
    assert_eq!(status(&world, &admin_of(&world, &ed).sign()).await, 200);
}

#[tokio::test]
async fn every_key_with_the_tokens_id_is_tried() {
    let rsa = rsa();
    let id = rsa["jwk"]["kid"].as_str().unwrap();
    let keys = [Key::new(id), Key::p256(id), Key::new(id), Key::p256(id)];
    let mut set: Vec<Value> = keys.iter().map(Key::jwk).collect();
    for position in 0..=keys.len() {
        set.insert(position, rsa["jwk"].clone());
        let world = world_with(&set).await;
        assert_eq!(status(&world, rsa["rs256"].as_str().unwrap()).await, 200, "{position}");
        for key in &keys {
            assert_eq!(status(&world, &admin_of(&world, key).sign()).await, 200, "{position}");
        }
        for stranger in [Key::new(id), Key::p256(id), Key::new("other")] {
            assert_eq!(
                status(&world, &admin_of(&world, &stranger).sign()).await,
                401,
                "{position}"
            );
        }
        set.remove(position);
    }
}

#[tokio::test]
async fn a_token_without_a_key_id_uses_the_keys_that_fit() {
    let (ed, other_ed, p256) = (Key::new("one"), Key::new("two"), Key::p256("three"));
    let encryption = with(&Key::new("four").jwk(), "use", json!("enc"));
    let unnamed = without(&ed.jwk(), "kid");
    for (case, set, expected) in [
        ("the only key", vec![ed.jwk()], 200),
        ("an only key without an id", vec![unnamed.clone()], 200),
        (
            "a signing and an encryption key",
            vec![encryption.clone(), ed.jwk()],
            200,
        ),
        ("an encryption key", vec![encryption], 401),
        ("keys of two types", vec![p256.jwk(), ed.jwk()], 200),
        ("two keys of one type", vec![other_ed.jwk(), ed.jwk()], 200),
        ("another key", vec![other_ed.jwk()], 401),
        ("a key of another type", vec![p256.jwk()], 401),
        ("no keys", vec![], 401),
    ] {
        let world = world_with(&set).await;
        let token = admin_of(&world, &ed).without_header("kid").sign();
        assert_eq!(status(&world, &token).await, expected, "{case}");
    }
    // A key without an id is no key that a token can name.
    let world = world_with(&[unnamed]).await;
    assert_eq!(status(&world, &admin_of(&world, &ed).sign()).await, 401);
}

#[tokio::test]
async fn keys_that_cannot_be_used_leave_the_others_usable() {
    let key = Key::new("one");
    let world = world_with(&[
        json!({"kty": "oct", "kid": "shared", "k": "c2VjcmV0"}),
        json!({"kty": "EC", "crv": "P-521", "kid": "big", "x": "AA", "y": "AA"}),
        json!({"kty": "EC", "crv": "P-256", "kid": "short", "x": "AA", "y": "AA"}),
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "not base64", "x": "!"}),
        json!({"kty": "OKP", "crv": "X25519", "kid": "exchange", "x": "AA"}),
        json!({"kty": "AKP", "alg": "ML-DSA-44", "kid": "after quantum computers", "pub": "AA"}),
        json!({"kty": "RSA", "kid": 5, "n": "AA", "e": "AQAB"}),
        json!({"kty": "RSA", "kid": "tiny", "n": "AA", "e": "AQAB"}),
        json!({"kid": "empty"}),
        json!({}),
        json!("a key"),
        json!(null),
        key.jwk(),
    ])
    .await;
    assert_eq!(status(&world, &admin_of(&world, &key).sign()).await, 200);
    for kid in ["shared", "big", "short", "not base64", "exchange", "tiny", "empty"] {
        for claimed in [Key::new(kid), Key::p256(kid)] {
            assert_eq!(status(&world, &admin_of(&world, &claimed).sign()).await, 401, "{kid}");
        }
    }
}

/// RFC 6750: the challenge has an error code only where a token was sent.
#[tokio::test]
async fn the_challenge_names_an_error_only_for_a_token() {
    let world = World::new().await;
    let expired = world.admin().claim("exp", json!(1)).sign();
    let basic = "Basic dXNlcjpwYXNzd29yZA==";
    for (authorization, has_error) in [
        (None, false),
        (Some(""), false),
        (Some("Bearer"), false),
        (Some("Bearer  "), false),
        (Some(basic), false),
        (Some("Bearer malformed"), true),
        (Some("bearer a.b.c"), true),
        (Some("Bearer \u{e4}"), true),
        (Some(&format!("Bearer {expired}")), true),
        (Some(&format!("Bearer {}", "a".repeat(100_000))), true),
    ] {
        let call = crate::support::Call::new("GET", PATH);
        let call = match authorization {
            Some(value) => call.header("authorization", value),
            None => call,
        };
        let answer = world.send(call).await.problem(401, "NOT_AUTHORIZED");
        let expected = match has_error {
            true => r#"Bearer realm="customer-service", error="invalid_token""#,
            false => r#"Bearer realm="customer-service""#,
        };
        assert_eq!(
            answer.header("www-authenticate").unwrap(),
            expected,
            "{authorization:.40?}"
        );
    }
}
