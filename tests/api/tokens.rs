//! Bearer tokens: which ones verify.

mod keys;
mod refresh;

use crate::support::{AUDIENCE, Call, ISSUER, Key, Token, World};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::Timestamp;
use ring::hmac;
use serde_json::{Value, json};

const PATH: &str = "/v1/customers";

/// The status of a request with this token. A 401 must be a `NOT_AUTHORIZED`.
async fn status(world: &World, token: &str) -> u16 {
    let answer = world
        .send(Call::new("GET", PATH).header("authorization", &format!("Bearer {token}")))
        .await;
    if answer.status == 401 {
        answer.problem(401, "NOT_AUTHORIZED").status
    } else {
        answer.status
    }
}

/// A world that trusts these keys.
async fn world_with(keys: &[Value]) -> World {
    let keys = json!({"keys": keys}).to_string();
    World::configured(|config| config.jwks = Some(keys)).await
}

fn admin_of(world: &World, key: &Key) -> Token {
    world.admin().with_key(key)
}

#[tokio::test]
async fn ed25519_and_p256_keys_verify() {
    let (one, two) = (Key::new("one"), Key::p256("two"));
    let world = world_with(&[one.jwk(), two.jwk()]).await;
    for key in [one, two] {
        assert_eq!(status(&world, &admin_of(&world, &key).sign()).await, 200, "{}", key.kid);
    }
}

#[tokio::test]
async fn only_the_bearer_scheme_is_accepted() {
    let world = World::new().await;
    let token = world.admin().sign();
    for (header, expected) in [
        (format!("Bearer {token}"), 200),
        (format!("bearer {token}"), 200),
        (format!("BEARER  {token}"), 200),
        (format!("Basic {token}"), 401),
        (token.clone(), 401),
        ("Bearer".into(), 401),
        ("Bearer ".into(), 401),
        (format!("Bearer {token} {token}"), 401),
        (format!("Bearer {}", "a".repeat(100_000)), 401),
        ("Bearer a.b".into(), 401),
        ("Bearer a.b.c".into(), 401),
        ("Bearer ...".into(), 401),
    ] {
        let answer = world
            .send(Call::new("GET", PATH).header("authorization", &header))
            .await;
        assert_eq!(answer.status, expected, "{}", &header[..header.len().min(40)]);
    }
}

#[tokio::test]
async fn every_required_claim_is_checked() {
    let world = World::new().await;
    let admin = || world.admin();
    for (case, token, expected) in [
        ("all claims", admin(), 200),
        (
            "one audience of several",
            admin().claim("aud", json!(["other", AUDIENCE])),
            200,
        ),
        ("no issuer", admin().without("iss"), 401),
        (
            "another issuer",
            admin().claim("iss", json!("https://evil.example")),
            401,
        ),
        ("a list of issuers", admin().claim("iss", json!([ISSUER])), 401),
        (
            "an issuer with the right one as its prefix",
            admin().claim("iss", json!(format!("{ISSUER}.evil.example"))),
            401,
        ),
        ("no audience", admin().without("aud"), 401),
        ("another audience", admin().claim("aud", json!("other")), 401),
        (
            "only other audiences",
            admin().claim("aud", json!(["other", "another"])),
            401,
        ),
        ("an empty list of audiences", admin().claim("aud", json!([])), 401),
        ("no expiry", admin().without("exp"), 401),
        (
            "an expiry that is not a number",
            admin().claim("exp", json!("tomorrow")),
            401,
        ),
        ("no subject", admin().without("sub"), 401),
        ("an empty subject", admin().claim("sub", json!("")), 401),
        ("a blank subject", admin().claim("sub", json!(" ")), 401),
        (
            "a subject of two lines",
            admin().claim("sub", json!("usr_a\nusr_b")),
            401,
        ),
        (
            "roles that are not a list",
            admin().claim("roles", json!("PlatformAdmin")),
            401,
        ),
        ("no roles", admin().without("roles"), 403),
        ("an unknown role", admin().claim("roles", json!(["Emperor"])), 403),
        (
            "an unknown role beside a known one",
            admin().claim("roles", json!(["Emperor", "PlatformAdmin"])),
            200,
        ),
        (
            "a role in lower case",
            admin().claim("roles", json!(["platformadmin"])),
            403,
        ),
    ] {
        assert_eq!(status(&world, &token.sign()).await, expected, "{case}");
    }
}

#[tokio::test]
async fn times_have_one_minute_of_leeway() {
    let world = World::new().await;
    let now = Timestamp::parse("2026-11-23T08:00:00Z").unwrap().epoch_seconds();
    for (claim, at, expected) in [
        ("exp", now + 1, 200),
        ("exp", now - 59, 200),
        ("exp", now - 60, 401),
        ("exp", now - 3600, 401),
        ("exp", i64::MIN, 401),
        ("exp", i64::MAX, 200),
        ("nbf", now, 200),
        ("nbf", now + 60, 200),
        ("nbf", now + 61, 401),
        ("nbf", i64::MIN, 200),
        ("nbf", i64::MAX, 401),
        ("iat", now, 200),
    ] {
        assert_eq!(
            status(&world, &world.admin().claim(claim, json!(at)).sign()).await,
            expected,
            "{claim} {}",
            at - now
        );
    }
    for (claim, at, expected) in [
        ("exp", now as f64 + 0.5, 200),
        ("exp", now as f64 - 59.5, 200),
        ("exp", now as f64 - 60.5, 401),
        ("exp", 1e300, 200),
        ("exp", -1e300, 401),
        ("nbf", now as f64 - 0.5, 200),
        ("nbf", now as f64 + 59.5, 200),
        ("nbf", now as f64 + 60.5, 401),
        ("nbf", 1e300, 401),
        ("iat", now as f64 - 0.25, 200),
    ] {
        assert_eq!(
            status(&world, &world.admin().claim(claim, json!(at)).sign()).await,
            expected,
            "{claim} {at}"
        );
    }
    for at in [json!("1795420800.5"), json!(null), json!([1]), json!(true)] {
        assert_eq!(
            status(&world, &world.admin().claim("exp", at.clone()).sign()).await,
            401,
            "exp {at}"
        );
    }
}

/// RFC 7515: whoever does not understand an extension that `crit` names must refuse the token. The service understands none.
#[tokio::test]
async fn a_token_with_a_crit_header_is_refused() {
    let world = World::new().await;
    for crit in [
        json!(["exp"]),
        json!(["b64"]),
        json!(["https://extension.example"]),
        json!([]),
        json!(null),
        json!("exp"),
        json!(true),
        json!({}),
    ] {
        let token = world
            .admin()
            .header("crit", crit.clone())
            .header("exp", json!(1))
            .sign();
        assert_eq!(status(&world, &token).await, 401, "{crit}");
    }
    // A header that the service does not know and that is not critical is ignored.
    let token = world
        .admin()
        .header("x", json!("y"))
        .header("typ", json!("at+jwt"))
        .sign();
    assert_eq!(status(&world, &token).await, 200);
}

#[tokio::test]
async fn the_key_determines_the_algorithm() {
    let (one, two) = (Key::new("one"), Key::p256("two"));
    let world = world_with(&[one.jwk(), two.jwk()]).await;
    let public = URL_SAFE_NO_PAD.decode(one.jwk()["x"].as_str().unwrap()).unwrap();
    let hmac_with = |secret: &[u8], kid: &str| {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!(
            "{}.{}",
            part(&json!({"alg": "HS256", "kid": kid})),
            part(&world.admin().claims)
        );
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
    };
    let good = admin_of(&world, &one).sign();
    let unsigned = |alg: &str| {
        let header = URL_SAFE_NO_PAD.encode(json!({"alg": alg, "kid": "one"}).to_string());
        format!("{header}.{}.", good.split('.').nth(1).unwrap())
    };
    for (case, token) in [
        ("HS256 over the public key", hmac_with(&public, "one")),
        (
            "HS256 over the public key as text",
            hmac_with(one.jwk()["x"].as_str().unwrap().as_bytes(), "one"),
        ),
        (
            "HS256 over the key set",
            hmac_with(one.jwks().to_string().as_bytes(), "one"),
        ),
        ("none", unsigned("none")),
        ("None", unsigned("None")),
        ("no algorithm", unsigned("")),
        ("no signature", unsigned("EdDSA")),
        (
            "another key's algorithm",
            admin_of(&world, &one).header("alg", json!("ES256")).sign(),
        ),
        (
            "another key's id",
            admin_of(&world, &one).header("kid", json!("two")).sign(),
        ),
        (
            "an unknown key under a known id",
            admin_of(&world, &one).signed_by(&Key::new("one")).sign(),
        ),
        ("an unknown id", admin_of(&world, &Key::new("three")).sign()),
        (
            "a key in the token itself",
            admin_of(&world, &Key::new("three"))
                .header("jwk", Key::new("three").jwk())
                .sign(),
        ),
    ] {
        assert_eq!(status(&world, &token).await, 401, "{case}");
    }
}

#[tokio::test]
async fn a_token_with_changed_claims_is_refused() {
    let world = World::new().await;
    let token = world.user("Member", "cus_01kb1v0c1tfr2v6krscysfnvgb").sign();
    let parts: Vec<&str> = token.split('.').collect();
    let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    claims["roles"] = json!(["PlatformAdmin"]);
    let forged = URL_SAFE_NO_PAD.encode(claims.to_string());
    assert_eq!(
        status(&world, &format!("{}.{forged}.{}", parts[0], parts[2])).await,
        401
    );
}

#[tokio::test]
async fn a_caller_with_the_longest_subject_can_create_and_patch() {
    let world = World::new().await;
    let admin = world.admin().subject(&"s".repeat(255));
    let created = world
        .post(
            &admin,
            PATH,
            json!({"type": "Business", "name": "Acme", "isTenantCustomer": true}),
        )
        .await
        .expect(201);
    world
        .patch(
            &admin,
            &format!("{PATH}/{}", created.key()),
            json!({"externalId": "crm-1"}),
        )
        .await
        .expect(200);
}

#[tokio::test]
async fn an_overlong_subject_is_refused() {
    let world = World::new().await;
    assert_eq!(
        status(&world, &world.admin().subject(&"s".repeat(256)).sign()).await,
        401
    );
}

#[tokio::test]
async fn two_authorization_headers_are_no_credentials() {
    let world = World::new().await;
    let token = format!("Bearer {}", world.admin().sign());
    // API Gateway joins the values of a repeated header.
    for joined in [
        format!("{token},{token}"),
        format!("{token}, {token}"),
        format!("{token},"),
        format!("Basic eDp5,{token}"),
    ] {
        let call = Call::new("GET", "/v1/customers").header("authorization", &joined);
        world.send(call).await.problem(401, "NOT_AUTHORIZED");
    }
}
