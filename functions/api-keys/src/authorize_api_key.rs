//! Standalone, the Lambda authorizer of another API: verifies its callers' API keys. Answers an HTTP API with a simple response and a REST
//! API with a policy.
//!
//! docs/api-keys.md tells how to attach it, and why its answers must not be cached for long.

use domain::{Result, api_key::Verified, plaintext::Plaintext};
use runtime::{Context, Standalone, StandaloneSpec, Started};
use serde_json::{Map, Value, json};
use table::api_keys::ApiKeys;

pub struct AuthorizeApiKey;

impl Standalone for AuthorizeApiKey {
    const SPEC: StandaloneSpec = StandaloneSpec {
        name: "authorize-api-key",
        summary: "Authorize callers of another API by their API keys, as its Lambda authorizer.",
        started: Started::AsAuthorizer,
        operations: &[ApiKeys::VERIFY],
        replays: false,
    };

    async fn run(ctx: &Context, event: Value, _: String) -> Result<Value> {
        let verified = match plaintext(&event).and_then(Plaintext::read) {
            Some(plain) => ctx.api_keys().verify(&plain, &[], ctx.clock.now()).await?,
            None => None,
        };
        Ok(match event["version"].as_str() {
            Some("2.0") => simple(verified),
            _ => policy(verified, &event["methodArn"]),
        })
    }
}

/// The key from `X-Api-Key` or `Authorization`, bare or as a bearer token.
fn plaintext(event: &Value) -> Option<&str> {
    let token = event["authorizationToken"].as_str();
    let header = |expected: &str| {
        let headers = event["headers"].as_object()?;
        let (_, value) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(expected))?;
        value.as_str()
    };
    let text = token
        .or_else(|| header("x-api-key"))
        .or_else(|| header("authorization"))?;
    Some(match text.trim_ascii_start().split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => key,
        _ => text,
    })
}

/// The authorizer context that the other API's functions read. API Gateway refuses lists in it, so the scopes are one text.
fn context(verified: &Verified) -> Map<String, Value> {
    let mut context = Map::from_iter([
        ("customerKey".to_owned(), json!(verified.customer_key)),
        ("partitionKey".to_owned(), json!(verified.partition_key)),
        ("environment".to_owned(), json!(verified.environment)),
        ("keyId".to_owned(), json!(verified.key_id)),
        ("kind".to_owned(), json!(verified.kind)),
        ("scopes".to_owned(), json!(verified.scopes.join(" "))),
        ("expiresAt".to_owned(), json!(verified.expires_at)),
    ]);
    if let Some(foreign_key) = &verified.foreign_key {
        context.insert("foreignKey".to_owned(), json!(foreign_key));
    }
    context
}

fn simple(verified: Option<Verified>) -> Value {
    match verified {
        Some(verified) => json!({"isAuthorized": true, "context": context(&verified)}),
        None => json!({"isAuthorized": false}),
    }
}

/// Covers only the called method, because API Gateway may cache the policy for later requests.
fn policy(verified: Option<Verified>, method: &Value) -> Value {
    let (effect, principal) = match &verified {
        Some(verified) => ("Allow", json!(verified.key_id)),
        None => ("Deny", json!("nobody")),
    };
    let mut policy = json!({
        "principalId": principal,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": effect, "Resource": method}],
        },
    });
    if let Some(verified) = verified {
        policy["context"] = context(&verified).into();
    }
    policy
}
