//! Verifies bearer tokens. The key determines the algorithm, never the token. Issuer, audience and expiry are required.

mod keys;
mod source;

pub use keys::Keys;
pub use source::KeySource;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{Error, Permission, Result, Role, Timestamp};
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Deserializer, de::DeserializeOwned, de::IgnoredAny};
use source::Issuer;

const LEEWAY_SECONDS: f64 = 60.0;
const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// The limit that OpenID Connect sets.
const MAX_SUBJECT_LENGTH: usize = 255;
const NOT_A_TOKEN: Error = Error::NotAuthorized("the token is not a JSON Web Token");

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claims {
    pub sub: String,
    iss: String,
    aud: Audience,
    /// Seconds since the epoch, as is the next: RFC 7519 allows fractions.
    exp: f64,
    nbf: Option<f64>,
    pub customer_key: Option<String>,
    pub client_id: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn contains(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Several(several) => several.iter().any(|one| one == audience),
        }
    }
}

impl Claims {
    pub fn holds(&self, permission: Permission) -> bool {
        self.roles
            .iter()
            .filter_map(|name| Role::named(name))
            .any(|role| role.permissions().contains(&permission))
    }
}

/// The fields of a token's header that matter here.
#[derive(Deserialize)]
struct Header {
    alg: Algorithm,
    kid: Option<String>,
    /// Whether the header has a `crit`, with any value.
    #[serde(default, rename = "crit", deserialize_with = "present")]
    has_crit: bool,
}

fn present<'de, D: Deserializer<'de>>(field: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(field).map(|_| true)
}

/// Verifies tokens, with the keys of one issuer.
pub struct Tokens {
    issuer: String,
    audience: String,
    keys: Issuer,
}

impl Tokens {
    pub fn new(issuer: String, audience: String, source: KeySource) -> Self {
        Self {
            issuer,
            audience,
            keys: Issuer::new(source),
        }
    }

    /// Verifies the token in an `Authorization` header and returns its claims.
    pub async fn verify(&self, authorization: Option<&str>, now: Timestamp) -> Result<Claims> {
        let token = bearer_token(authorization)?;
        let (message, signature) = token.rsplit_once('.').ok_or(NOT_A_TOKEN)?;
        let (header, claims) = message.split_once('.').ok_or(NOT_A_TOKEN)?;
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| NOT_A_TOKEN)?;
        if header.has_crit {
            return Err(Error::NotAuthorized(
                "the token has a crit header, which is not supported",
            ));
        }
        let signature = decode(signature)?;
        let keys = self.keys.current(now).await?;
        if let Err(refusal) = keys.verify(&header, message.as_bytes(), &signature) {
            // The issuer may have published another key since.
            let newer = self.keys.newer_than(&keys, now).await.ok_or(refusal)?;
            newer.verify(&header, message.as_bytes(), &signature)?;
        }
        let claims = parse(&decode(claims)?).ok_or(Error::NotAuthorized(
            "a claim of the token is missing or has the wrong type",
        ))?;
        self.check(&claims, now)?;
        Ok(claims)
    }

    fn check(&self, claims: &Claims, now: Timestamp) -> Result<()> {
        if claims.iss != self.issuer || !claims.aud.contains(&self.audience) {
            return Err(Error::NotAuthorized(
                "the token is of another issuer or for another audience",
            ));
        }
        // Entities store the subject as `createdBy`, so it must meet that field's rule.
        let sub = &claims.sub;
        if sub.trim().is_empty() || sub.chars().count() > MAX_SUBJECT_LENGTH || sub.chars().any(char::is_control) {
            return Err(Error::NotAuthorized(
                "the token's subject is blank, too long or has control characters",
            ));
        }
        let now = now.millis() as f64 / 1000.0;
        if claims.exp + LEEWAY_SECONDS <= now {
            return Err(Error::NotAuthorized("the token has expired"));
        }
        if claims.nbf.is_some_and(|nbf| nbf - LEEWAY_SECONDS > now) {
            return Err(Error::NotAuthorized("the token is not valid yet"));
        }
        Ok(())
    }
}

fn bearer_token(authorization: Option<&str>) -> Result<&str> {
    const NO_TOKEN: Error = Error::NoCredentials("a bearer token is needed");
    let (scheme, token) = authorization
        .and_then(|header| header.split_once(' '))
        .ok_or(NO_TOKEN)?;
    let token = token.trim();
    if token.is_empty() || !scheme.eq_ignore_ascii_case("bearer") {
        return Err(NO_TOKEN);
    }
    if token.len() > MAX_TOKEN_BYTES {
        return Err(Error::NotAuthorized("the token is longer than 16 KiB"));
    }
    Ok(token)
}

fn decode(part: &str) -> Result<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| NOT_A_TOKEN)
}

fn parse<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    serde_json::from_slice(json).ok()
}
