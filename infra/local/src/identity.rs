//! The local issuer: a signing key, the JWKS with which functions check tokens, and the tokens.
//!
//! Issuer and key do not depend on ports or on a running local cloud, so a token stays valid after a restart.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::data::{DataFolder, write_private_once};

pub const ISSUER: &str = "https://issuer.localhost";
pub const AUDIENCE: &str = "local";
pub const ADMIN_ROLE: &str = "PlatformAdmin";

/// The subject of tokens for which the developer chooses none.
pub const LOCAL_ADMIN: &str = "local-admin";

const FILE: &str = "identity.json";

pub struct Identity {
    key: EcdsaKeyPair,
    key_id: String,
    random: SystemRandom,
}

#[derive(Deserialize, Serialize)]
struct Stored {
    /// PKCS #8 in base64.
    key: String,
}

/// The claims of a token.
pub struct Claims {
    pub subject: String,
    pub roles: Vec<String>,
    pub customer: Option<String>,
    pub client: Option<String>,
    /// In seconds.
    pub ttl: i64,
}

impl Claims {
    pub fn admin() -> Self {
        const THIRTY_DAYS: i64 = 30 * 24 * 3600;
        let roles = vec![ADMIN_ROLE.to_owned()];
        Self {
            subject: LOCAL_ADMIN.to_owned(),
            roles,
            customer: None,
            client: None,
            ttl: THIRTY_DAYS,
        }
    }
}

impl Identity {
    /// The identity of the folder. The first use creates it.
    pub fn open(folder: &DataFolder) -> Result<Self> {
        let path = folder.path().join(FILE);
        if !path.exists() {
            let random = SystemRandom::new();
            let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
                .ok()
                .context("could not create a signing key")?;
            let stored = Stored {
                key: STANDARD.encode(document),
            };
            // Another process may do the same at the same time. The first one's key is kept.
            write_private_once(&path, &serde_json::to_string(&stored)?)?;
        }
        Self::read(&path).with_context(|| {
            format!(
                "{} is damaged; delete it to get a new identity, which makes older tokens invalid",
                path.display()
            )
        })
    }

    fn read(path: &Path) -> Result<Self> {
        let stored: Stored = serde_json::from_str(&fs::read_to_string(path)?)?;
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &STANDARD.decode(stored.key)?, &random)
            .ok()
            .context("this is not a signing key")?;
        let fingerprint = digest(&SHA256, key.public_key().as_ref());
        let key_id = URL_SAFE_NO_PAD.encode(&fingerprint.as_ref()[..9]);
        Ok(Self { key, key_id, random })
    }

    /// The public key, in the form in which identity providers publish it.
    pub fn jwks(&self) -> Value {
        // An uncompressed point: the byte 4, then x, then y.
        let (x, y) = self.key.public_key().as_ref()[1..].split_at(32);
        json!({"keys": [{
            "kty": "EC",
            "crv": "P-256",
            "alg": "ES256",
            "use": "sig",
            "kid": self.key_id,
            "x": URL_SAFE_NO_PAD.encode(x),
            "y": URL_SAFE_NO_PAD.encode(y),
        }]})
    }

    pub fn token(&self, claims: &Claims) -> Result<String> {
        let now = chrono::Utc::now().timestamp();
        let mut payload = json!({
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": claims.subject,
            "iat": now,
            "exp": now.saturating_add(claims.ttl),
            "roles": claims.roles,
        });
        for (claim, value) in [("customerKey", &claims.customer), ("clientId", &claims.client)] {
            if let Some(value) = value {
                payload[claim] = value.as_str().into();
            }
        }
        let header = json!({"alg": "ES256", "typ": "JWT", "kid": self.key_id});
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&payload));
        let signature = self
            .key
            .sign(&self.random, signed.as_bytes())
            .ok()
            .context("could not sign a token")?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    #[test]
    fn a_token_matches_the_jwks_and_the_key_is_kept() {
        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder::new(root.path().to_owned());
        let claims = Claims {
            customer: Some("cus_1".to_owned()),
            ..Claims::admin()
        };
        let token = Identity::open(&folder).unwrap().token(&claims).unwrap();

        let key = Identity::open(&folder).unwrap().jwks()["keys"][0].clone();
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
        let point = [
            vec![4],
            decode(key["x"].as_str().unwrap()),
            decode(key["y"].as_str().unwrap()),
        ]
        .concat();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .verify(signed.as_bytes(), &decode(signature))
            .unwrap();

        let parts: Vec<&str> = signed.split('.').collect();
        let header: Value = serde_json::from_slice(&decode(parts[0])).unwrap();
        let payload: Value = serde_json::from_slice(&decode(parts[1])).unwrap();
        assert_eq!(header["kid"], key["kid"]);
        assert_eq!(payload["roles"], json!(["PlatformAdmin"]));
        assert_eq!(payload["customerKey"], "cus_1");
        assert_eq!(payload.get("clientId"), None);
    }

    #[test]
    fn only_the_owner_may_read_the_key() {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().unwrap();
        Identity::open(&DataFolder::new(root.path().to_owned())).unwrap();
        let mode = fs::metadata(root.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
