//! Verifies bearer tokens. The key determines the algorithm, never the token. Issuer, audience and expiry are required.

use crate::aws::HttpFetch;
use domain::{Error, Permission, Result, Role, Timestamp};
use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind, Validation,
    crypto::{CryptoProvider, JwtVerifier, KeyUtils},
    decode, decode_header,
    errors::{Error as JwtError, ErrorKind},
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet},
    signature,
};
use ring::signature as ring_signature;
use serde::Deserialize;
use std::collections::HashSet;
use tokio::sync::Mutex;

const LEEWAY_SECONDS: i64 = 60;
/// The minimum pause before an unknown key id makes the service fetch the issuer's keys again.
const REFRESH_PAUSE_SECONDS: u64 = 60;
/// The same while there are no keys, when every caller is refused. Equal to the `Retry-After` that callers get.
const FIRST_FETCH_PAUSE_SECONDS: u64 = 1;
const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// The limit that OpenID Connect sets.
const MAX_SUBJECT_LENGTH: usize = 255;

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claims {
    pub sub: String,
    exp: i64,
    nbf: Option<i64>,
    pub customer_key: Option<String>,
    pub client_id: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
}

impl Claims {
    pub fn holds(&self, permission: Permission) -> bool {
        self.roles
            .iter()
            .filter_map(|name| Role::named(name))
            .any(|role| role.permissions().contains(&permission))
    }
}

/// The source of the issuer's keys.
pub enum KeySource {
    Given(JwkSet),
    Url { url: String, fetch: HttpFetch },
}

/// Verifies tokens and caches the issuer's keys, once per process.
pub struct Tokens {
    issuer: String,
    audience: String,
    source: KeySource,
    /// Locked while fetching, so that only one fetch runs at a time.
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    keys: Option<JwkSet>,
    /// The time of the last fetch, successful or not.
    fetched_at: Option<Timestamp>,
}

impl Tokens {
    pub fn new(issuer: String, audience: String, source: KeySource) -> Self {
        // An error means that it is already installed.
        let _ = RING.install_default();
        Self {
            issuer,
            audience,
            source,
            cache: Mutex::default(),
        }
    }

    /// Verifies the token in an `Authorization` header and returns its claims.
    pub async fn verify(&self, authorization: Option<&str>, now: Timestamp) -> Result<Claims> {
        const UNSUPPORTED: Error = Error::NotAuthorized("the token's key is of an unsupported type");
        let header = authorization.ok_or(Error::NotAuthorized("a bearer token is needed"))?;
        let token = header
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .filter(|token| !token.is_empty() && token.len() <= MAX_TOKEN_BYTES)
            .ok_or(Error::NotAuthorized("the credentials must be a bearer token"))?;
        let head = decode_header(token).map_err(|_| Error::NotAuthorized("the token is not a JSON Web Token"))?;
        let jwk = self.key(head.kid.as_deref(), now).await?;
        let algorithm = algorithm_of(&jwk).ok_or(UNSUPPORTED)?;
        let key = DecodingKey::from_jwk(&jwk).map_err(|_| UNSUPPORTED)?;
        let mut validation = Validation::new(algorithm);
        validation.required_spec_claims = HashSet::from(["exp", "iss", "aud"].map(str::to_owned));
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        // Compared below, with the context's clock.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let claims: Claims = decode(token, &key, &validation)
            .map_err(|_| Error::NotAuthorized("the token's signature, issuer, audience or claims are not valid"))?
            .claims;
        // Entities store the subject as `createdBy`, so it must meet that field's rule.
        let sub = &claims.sub;
        if sub.trim().is_empty() || sub.chars().count() > MAX_SUBJECT_LENGTH || sub.chars().any(char::is_control) {
            return Err(Error::NotAuthorized(
                "the token's subject is blank, too long or has control characters",
            ));
        }
        let now = now.epoch_seconds();
        if claims.exp.saturating_add(LEEWAY_SECONDS) <= now {
            return Err(Error::NotAuthorized("the token has expired"));
        }
        if claims.nbf.is_some_and(|nbf| nbf.saturating_sub(LEEWAY_SECONDS) > now) {
            return Err(Error::NotAuthorized("the token is not valid yet"));
        }
        Ok(claims)
    }

    async fn key(&self, kid: Option<&str>, now: Timestamp) -> Result<Jwk> {
        const UNKNOWN: Error = Error::NotAuthorized("the token names no key of the issuer");
        match &self.source {
            KeySource::Given(keys) => find_key(keys, kid).ok_or(UNKNOWN),
            KeySource::Url { url, fetch } => {
                let mut cache = self.cache.lock().await;
                if let Some(jwk) = cache.keys.as_ref().and_then(|keys| find_key(keys, kid)) {
                    return Ok(jwk);
                }
                let pause = match cache.keys {
                    Some(_) => REFRESH_PAUSE_SECONDS,
                    None => FIRST_FETCH_PAUSE_SECONDS,
                };
                let seconds_since = |at: Timestamp| now.epoch_seconds().abs_diff(at.epoch_seconds());
                if cache.fetched_at.is_none_or(|at| seconds_since(at) >= pause) {
                    cache.fetched_at = Some(now);
                    match fetch.json::<JwkSet>(url).await {
                        Ok(keys) => cache.keys = Some(keys),
                        // The cached keys still verify the tokens that they signed.
                        Err(error) => tracing::error!(%error, "the issuer's keys can't be fetched"),
                    }
                }
                match &cache.keys {
                    Some(keys) => find_key(keys, kid).ok_or(UNKNOWN),
                    None => Err(Error::Unavailable("the issuer's keys can't be fetched".into())),
                }
            }
        }
    }
}

/// The key with this id. A token without a key id matches if the issuer has only one key.
fn find_key(keys: &JwkSet, kid: Option<&str>) -> Option<Jwk> {
    match (kid, keys.keys.as_slice()) {
        (Some(kid), _) => keys.find(kid).cloned(),
        (None, [only]) => Some(only.clone()),
        (None, _) => None,
    }
}

/// The only algorithm that the service accepts for a key of this type.
fn algorithm_of(jwk: &Jwk) -> Option<Algorithm> {
    match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Some(Algorithm::RS256),
        AlgorithmParameters::EllipticCurve(p) if p.curve == EllipticCurve::P256 => Some(Algorithm::ES256),
        AlgorithmParameters::OctetKeyPair(p) if p.curve == EllipticCurve::Ed25519 => Some(Algorithm::EdDSA),
        _ => None,
    }
}

/// Lets `jsonwebtoken` verify with ring, which TLS links anyway. It can't sign.
static RING: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(JwtError::from(ErrorKind::InvalidAlgorithm)),
    verifier_factory: |algorithm, key| {
        Ok(Box::new(RingVerifier {
            algorithm: *algorithm,
            key: key.clone(),
        }))
    },
    key_utils: KeyUtils::new_unimplemented(),
};

struct RingVerifier {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl signature::Verifier<Vec<u8>> for RingVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let verified = match (self.algorithm, self.key.kind()) {
            (Algorithm::RS256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
                ring_signature::RsaPublicKeyComponents { n, e }.verify(
                    &ring_signature::RSA_PKCS1_2048_8192_SHA256,
                    message,
                    signature,
                )
            }
            (Algorithm::ES256, DecodingKeyKind::SecretOrDer(point)) => {
                ring_signature::UnparsedPublicKey::new(&ring_signature::ECDSA_P256_SHA256_FIXED, point)
                    .verify(message, signature)
            }
            (Algorithm::EdDSA, DecodingKeyKind::SecretOrDer(point)) => {
                ring_signature::UnparsedPublicKey::new(&ring_signature::ED25519, point).verify(message, signature)
            }
            _ => return Err(signature::Error::new()),
        };
        verified.map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for RingVerifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
