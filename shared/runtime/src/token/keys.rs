//! The issuer's keys: the ones that may verify a token, and the verification of a signature with ring, which TLS links anyway.

use super::Header;
use domain::{Error, Result};
use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse},
};
use ring::signature as ring_signature;
use serde::Deserialize;
use serde_json::Value;

/// The keys of a JSON Web Key Set that can verify tokens, parsed. All others are left out, as RFC 7517 asks.
#[derive(Deserialize)]
#[serde(from = "KeySet")]
pub struct Keys(Vec<Key>);

#[derive(Deserialize)]
struct KeySet {
    /// Each is read by itself, so that a malformed key leaves the others usable.
    keys: Vec<Value>,
}

struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

impl From<KeySet> for Keys {
    fn from(set: KeySet) -> Self {
        Self(set.keys.into_iter().filter_map(Key::read).collect())
    }
}

impl Keys {
    /// Verifies a signature with each key that the header allows: several keys may have one id, and a header may name none.
    pub(super) fn verify(&self, header: &Header, message: &[u8], signature: &[u8]) -> Result<()> {
        let is_allowed = |key: &&Key| {
            key.algorithm == header.alg && (header.kid.is_none() || key.id.as_deref() == header.kid.as_deref())
        };
        let mut allowed = self.0.iter().filter(is_allowed).peekable();
        if allowed.peek().is_none() {
            return Err(Error::NotAuthorized(
                "the issuer has no signing key with the token's kid and alg",
            ));
        }
        match allowed.any(|key| key.verifies(message, signature)) {
            true => Ok(()),
            false => Err(Error::NotAuthorized("the token's signature is not valid")),
        }
    }
}

impl Key {
    /// `None` if the key is malformed, of an unsupported type or for another purpose.
    fn read(jwk: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(jwk).ok()?;
        let algorithm = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => Algorithm::RS256,
            AlgorithmParameters::EllipticCurve(p) if p.curve == EllipticCurve::P256 => Algorithm::ES256,
            AlgorithmParameters::OctetKeyPair(p) if p.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
            _ => return None,
        };
        let common = &jwk.common;
        let is_usable = common
            .key_algorithm
            .is_none_or(|of_key| of_key == KeyAlgorithm::from(algorithm))
            && common
                .public_key_use
                .as_ref()
                .is_none_or(|purpose| *purpose == PublicKeyUse::Signature)
            && common
                .key_operations
                .as_ref()
                .is_none_or(|all| all.contains(&KeyOperations::Verify));
        let key = DecodingKey::from_jwk(&jwk).ok().filter(|_| is_usable)?;
        Some(Self {
            id: jwk.common.key_id,
            algorithm,
            key,
        })
    }

    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
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
            _ => return false,
        };
        verified.is_ok()
    }
}
