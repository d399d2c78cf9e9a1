//! The issuer's keys at a URL: when they are fetched, how soon a new key works and a withdrawn one does not, and what happens while the
//! issuer is down.

use super::PATH;
use crate::support::{AUDIENCE, ISSUER, Issuer, Key, Token, World};
use domain::{Error, Result, Timestamp};
use runtime::{
    aws::HttpFetch,
    token::{Claims, KeySource, Tokens},
};
use serde_json::json;
use std::time::{Duration, Instant};

/// A verifier that fetches its keys from this issuer.
fn fetching(issuer: &Issuer) -> Tokens {
    let source = KeySource::Url {
        url: issuer.url.clone(),
        fetch: HttpFetch::new(),
    };
    Tokens::new(ISSUER.into(), AUDIENCE.into(), source)
}

fn bearer(key: &Key, now: Timestamp) -> String {
    format!("Bearer {}", Token::new(key.clone(), now).sign())
}

fn at(second: i64) -> Timestamp {
    Timestamp::parse("2026-11-23T08:00:00Z")
        .unwrap()
        .plus(chrono::TimeDelta::seconds(second))
}

#[tokio::test]
async fn concurrent_first_callers_fetch_the_keys_once() {
    let key = Key::new("one");
    let issuer = Issuer::start(key.jwks()).await;
    let tokens = fetching(&issuer);
    let authorization = bearer(&key, at(0));
    let callers = (0..50).map(|_| tokens.verify(Some(&authorization), at(0)));
    for verified in futures_util::future::join_all(callers).await {
        verified.unwrap();
    }
    assert_eq!(issuer.requests(), 1);
}

#[tokio::test]
async fn without_keys_the_service_is_unavailable_and_fetches_again_soon() {
    let key = Key::new("one");
    let issuer = Issuer::start(key.jwks()).await;
    issuer.set_down(true);
    let url = issuer.url.clone();
    let world = World::configured(|config| {
        config.jwks = None;
        config.jwks_url = Some(url);
    })
    .await;
    let caller = world.admin().with_key(&key);
    let answer = world.get(&caller, PATH).await.problem(503, "UNAVAILABLE");
    assert!(answer.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
    issuer.set_down(false);
    world.clock.forward(chrono::TimeDelta::seconds(1));
    world.get(&caller, PATH).await.expect(200);
}

#[tokio::test]
async fn an_invalid_key_set_makes_the_service_unavailable() {
    let key = Key::new("one");
    for document in [
        json!({"keys": "none"}),
        json!([]),
        json!({"error": "x".repeat(300_000)}),
    ] {
        let issuer = Issuer::start(document).await;
        let refused = fetching(&issuer).verify(Some(&bearer(&key, at(0))), at(0)).await;
        assert!(matches!(refused, Err(Error::Unavailable(_))));
    }
}

/// Verifies a token of this key at this second.
async fn verify(tokens: &Tokens, key: &Key, second: i64) -> Result<Claims> {
    tokens.verify(Some(&bearer(key, at(second))), at(second)).await
}

fn is_refused(verified: &Result<Claims>) -> bool {
    matches!(verified, Err(Error::NotAuthorized(_)))
}

/// A verifier that fetched the keys of this issuer at second 0.
async fn with_keys_of(issuer: &Issuer, key: &Key) -> Tokens {
    let tokens = fetching(issuer);
    verify(&tokens, key, 0).await.unwrap();
    assert_eq!(issuer.requests(), 1);
    tokens
}

/// Waits for a fetch in the background.
async fn until(mut condition: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !condition().await {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "the background fetch did not end"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_new_key_verifies_a_few_seconds_after_the_last_fetch() {
    let (one, two) = (Key::new("one"), Key::new("two"));
    let issuer = Issuer::start(one.jwks()).await;
    let tokens = with_keys_of(&issuer, &one).await;
    issuer.set_keys(json!({"keys": [one.jwk(), two.jwk()]}));
    for second in [0, 1, 4] {
        assert!(is_refused(&verify(&tokens, &two, second).await), "{second}");
    }
    assert_eq!(issuer.requests(), 1);
    verify(&tokens, &two, 5).await.unwrap();
    verify(&tokens, &one, 5).await.unwrap();
    assert_eq!(issuer.requests(), 2);
}

#[tokio::test]
async fn an_issuer_may_reuse_the_id_of_a_key() {
    let (old, new) = (Key::new("one"), Key::p256("one"));
    let issuer = Issuer::start(old.jwks()).await;
    let tokens = with_keys_of(&issuer, &old).await;
    issuer.set_keys(new.jwks());
    verify(&tokens, &new, 5).await.unwrap();
    assert!(is_refused(&verify(&tokens, &old, 5).await));
}

#[tokio::test]
async fn a_stranger_causes_no_more_than_one_fetch_in_five_seconds() {
    let key = Key::new("one");
    let issuer = Issuer::start(key.jwks()).await;
    let tokens = with_keys_of(&issuer, &key).await;
    for second in 0..60 {
        let strangers = [
            Key::new(&format!("random {second}")),
            Key::new("one"),
            Key::new("three"),
        ];
        let all = strangers.iter().map(|stranger| verify(&tokens, stranger, second));
        let all = futures_util::future::join_all(all).await;
        assert!(all.iter().all(is_refused), "{second}");
        verify(&tokens, &key, second).await.unwrap();
    }
    // At the seconds 5, 10, … 55.
    assert_eq!(issuer.requests(), 1 + 11);
}

#[tokio::test]
async fn a_withdrawn_key_stops_working_within_ten_minutes() {
    let (one, two) = (Key::new("one"), Key::new("two"));
    let issuer = Issuer::start(json!({"keys": [one.jwk(), two.jwk()]})).await;
    let tokens = with_keys_of(&issuer, &one).await;
    issuer.set_keys(two.jwks());
    verify(&tokens, &one, 299).await.unwrap();
    assert_eq!(issuer.requests(), 1);
    // There was no request in between, so this one fetches the keys before it uses them.
    assert!(is_refused(&verify(&tokens, &one, 600).await));
    verify(&tokens, &two, 600).await.unwrap();
    assert_eq!(issuer.requests(), 2);
}

#[tokio::test]
async fn keys_are_refreshed_in_the_background_after_five_minutes() {
    let (one, two) = (Key::new("one"), Key::new("two"));
    let issuer = Issuer::start(json!({"keys": [one.jwk(), two.jwk()]})).await;
    let tokens = with_keys_of(&issuer, &one).await;
    issuer.set_keys(two.jwks());
    // The issuer does not answer yet, and no request waits for it.
    issuer.set_silent(true);
    for second in [300, 301, 329] {
        verify(&tokens, &one, second).await.unwrap();
    }
    issuer.set_silent(false);
    until(async || is_refused(&verify(&tokens, &one, 302).await)).await;
    assert_eq!(issuer.requests(), 2);
    for second in [303, 400, 599] {
        verify(&tokens, &two, second).await.unwrap();
    }
    assert_eq!(issuer.requests(), 2);
}

#[tokio::test]
async fn known_keys_verify_for_an_hour_while_the_issuer_is_down() {
    let (key, stranger) = (Key::new("one"), Key::new("two"));
    let issuer = Issuer::start(key.jwks()).await;
    let tokens = with_keys_of(&issuer, &key).await;
    issuer.set_down(true);
    assert!(is_refused(&verify(&tokens, &stranger, 60).await));
    assert_eq!(issuer.requests(), 2);
    // Requests try every half minute only.
    for second in [600, 601, 629] {
        verify(&tokens, &key, second).await.unwrap();
        assert_eq!(issuer.requests(), 3);
    }
    for second in [630, 3599] {
        verify(&tokens, &key, second).await.unwrap();
    }
    assert_eq!(issuer.requests(), 5);
    let refused = verify(&tokens, &key, 3600).await;
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
    issuer.set_down(false);
    verify(&tokens, &key, 3601).await.unwrap();
}

/// A Lambda is frozen between requests, so a fetch in the background may hang.
#[tokio::test]
async fn a_silent_issuer_delays_one_request_and_no_more() {
    let (one, two) = (Key::new("one"), Key::new("two"));
    let issuer = Issuer::start(json!({"keys": [one.jwk(), two.jwk()]})).await;
    let tokens = with_keys_of(&issuer, &one).await;
    issuer.set_silent(true);
    verify(&tokens, &one, 599).await.unwrap();
    until(async || issuer.requests() == 2).await;
    let start = Instant::now();
    verify(&tokens, &one, 610).await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    // The fetch of second 599 ends now. It is older than the withdrawal.
    issuer.set_silent(false);
    issuer.set_keys(two.jwks());
    until(async || is_refused(&verify(&tokens, &one, 1300).await)).await;
    verify(&tokens, &two, 1300).await.unwrap();
}
