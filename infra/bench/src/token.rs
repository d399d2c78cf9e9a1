//! The caller: a platform administrator with a token, whose issuer exists for this run only.

use anyhow::{Result, anyhow};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair},
};
use serde_json::{Value, json};

pub const ISSUER: &str = "https://issuer.example";
pub const AUDIENCE: &str = "customer-service";

/// Longer than any run.
const SECONDS: i64 = 24 * 60 * 60;

pub struct Issued {
    pub token: String,
    /// The issuer's keys, for the functions' environment.
    pub jwks: String,
}

pub fn issue(now: i64) -> Result<Issued> {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| anyhow!("a key can't be created"))?;
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).map_err(|_| anyhow!("a new key can't be read"))?;
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!(
        "{}.{}",
        part(json!({"alg": "EdDSA", "typ": "JWT", "kid": "bench"})),
        part(json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": "usr_bench", "roles": ["PlatformAdmin"],
            "iat": now, "exp": now + SECONDS,
        })),
    );
    let signature = URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes()));
    let public = URL_SAFE_NO_PAD.encode(pair.public_key());
    Ok(Issued {
        token: format!("{message}.{signature}"),
        jwks: json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": "bench", "x": public}]})
            .to_string(),
    })
}
