//! Bearer tokens: who the caller is. The algorithm is pinned by the key, never taken from the token; issuer, audience and expiry are required.

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
/// An unknown key id asks the issuer again at most this often.
const REFRESH_AT_MOST_EVERY: u64 = 60;
/// While there are no keys at all, nobody can be let in: the issuer is asked again as soon as callers are told to come back.
const FIRST_FETCH_AT_MOST_EVERY: u64 = 1;
const LARGEST_TOKEN: usize = 16 * 1024;
/// As OpenID Connect has it.
const LONGEST_SUBJECT: usize = 255;

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

/// Where the issuer's keys come from.
pub enum KeySource {
    Given(JwkSet),
    Url { url: String, fetch: HttpFetch },
}

/// Checks tokens. One a process: it keeps the issuer's keys.
pub struct Tokens {
    issuer: String,
    audience: String,
    source: KeySource,
    /// The lock is held while fetching, so that there is never more than one fetch at a time.
    fetched: Mutex<Fetched>,
}

#[derive(Default)]
struct Fetched {
    keys: Option<JwkSet>,
    at: Option<Timestamp>,
}

impl Tokens {
    pub fn new(issuer: String, audience: String, source: KeySource) -> Self {
        // An error says that it is installed already, which is as good.
        let _ = RING.install_default();
        Self {
            issuer,
            audience,
            source,
            fetched: Mutex::default(),
        }
    }

    /// The claims of an `Authorization` header that verifies.
    pub async fn verify(&self, authorization: Option<&str>, now: Timestamp) -> Result<Claims> {
        let header = authorization.ok_or(Error::NotAuthorized("a bearer token is needed"))?;
        let token = header
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .filter(|token| !token.is_empty() && token.len() <= LARGEST_TOKEN)
            .ok_or(Error::NotAuthorized("the credentials must be a bearer token"))?;
        let head = decode_header(token).map_err(|_| Error::NotAuthorized("the token can't be read"))?;
        let jwk = self.key(head.kid.as_deref(), now).await?;
        let algorithm = pinned(&jwk).ok_or(Error::NotAuthorized("the token's key can't be used"))?;
        let key = DecodingKey::from_jwk(&jwk).map_err(|_| Error::NotAuthorized("the token's key can't be used"))?;
        let mut validation = Validation::new(algorithm);
        validation.required_spec_claims = HashSet::from(["exp", "iss", "aud"].map(str::to_owned));
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        // Against the service's own clock, below.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let claims: Claims = decode(token, &key, &validation)
            .map_err(|_| Error::NotAuthorized("the token does not verify"))?
            .claims;
        // It is kept as `createdBy`, under that field's rule.
        let sub = &claims.sub;
        if sub.trim().is_empty() || sub.chars().count() > LONGEST_SUBJECT || sub.chars().any(char::is_control) {
            return Err(Error::NotAuthorized("the token's subject can't be used"));
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
        const UNKNOWN: Error = Error::NotAuthorized("the token's key is not the issuer's");
        match &self.source {
            KeySource::Given(keys) => named(keys, kid).ok_or(UNKNOWN),
            KeySource::Url { url, fetch } => {
                let mut fetched = self.fetched.lock().await;
                if let Some(jwk) = fetched.keys.as_ref().and_then(|keys| named(keys, kid)) {
                    return Ok(jwk);
                }
                let pause = match fetched.keys {
                    Some(_) => REFRESH_AT_MOST_EVERY,
                    None => FIRST_FETCH_AT_MOST_EVERY,
                };
                let since = |at: Timestamp| now.epoch_seconds().abs_diff(at.epoch_seconds());
                if fetched.at.is_none_or(|at| since(at) >= pause) {
                    fetched.at = Some(now);
                    match fetch.json::<JwkSet>(url).await {
                        Ok(keys) => fetched.keys = Some(keys),
                        // The keys that are there still serve the tokens they know.
                        Err(error) => tracing::error!(%error, "the issuer's keys can't be fetched"),
                    }
                }
                match &fetched.keys {
                    Some(keys) => named(keys, kid).ok_or(UNKNOWN),
                    None => Err(Error::Unavailable("the issuer's keys are not to be had".into())),
                }
            }
        }
    }
}

/// The key of that id. A token without one is fine where there is only one key it could mean.
fn named(keys: &JwkSet, kid: Option<&str>) -> Option<Jwk> {
    match (kid, keys.keys.as_slice()) {
        (Some(kid), _) => keys.find(kid).cloned(),
        (None, [only]) => Some(only.clone()),
        (None, _) => None,
    }
}

/// The one algorithm that a key of this type is used with here.
fn pinned(jwk: &Jwk) -> Option<Algorithm> {
    match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Some(Algorithm::RS256),
        AlgorithmParameters::EllipticCurve(p) if p.curve == EllipticCurve::P256 => Some(Algorithm::ES256),
        AlgorithmParameters::OctetKeyPair(p) if p.curve == EllipticCurve::Ed25519 => Some(Algorithm::EdDSA),
        _ => None,
    }
}

/// `jsonwebtoken` over ring, which TLS links anyway. It only ever verifies.
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
