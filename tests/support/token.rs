//! Tokens, valid ones and forged ones, and the issuer whose keys verify them.

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::Timestamp;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::{net::TcpListener, sync::watch};

/// An issuer that serves its keys, counts the requests for them, and can be down or silent.
pub struct Issuer {
    pub url: String,
    state: Arc<Mutex<IssuerState>>,
}

struct IssuerState {
    keys: Value,
    requests: usize,
    down: bool,
    /// True while the issuer accepts requests and does not answer them.
    silent: watch::Sender<bool>,
}

impl Issuer {
    pub async fn start(keys: Value) -> Self {
        let state = Arc::new(Mutex::new(IssuerState {
            keys,
            requests: 0,
            down: false,
            silent: watch::Sender::new(false),
        }));
        let app = Router::new()
            .route("/jwks.json", get(serve_keys))
            .with_state(state.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, state }
    }

    /// How often the keys were requested.
    pub fn requests(&self) -> usize {
        self.state.lock().unwrap().requests
    }

    pub fn set_keys(&self, keys: Value) {
        self.state.lock().unwrap().keys = keys;
    }

    pub fn set_down(&self, down: bool) {
        self.state.lock().unwrap().down = down;
    }

    pub fn set_silent(&self, silent: bool) {
        self.state.lock().unwrap().silent.send_replace(silent);
    }
}

async fn serve_keys(State(state): State<Arc<Mutex<IssuerState>>>) -> Result<Json<Value>, StatusCode> {
    let mut silent = {
        let mut state = state.lock().unwrap();
        state.requests += 1;
        state.silent.subscribe()
    };
    let _ = silent.wait_for(|silent| !silent).await;
    let state = state.lock().unwrap();
    if state.down {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    Ok(Json(state.keys.clone()))
}

pub const ISSUER: &str = "https://issuer.example";
pub const AUDIENCE: &str = "customer-service";

/// A signing key of an issuer.
#[derive(Clone)]
pub struct Key {
    pub kid: String,
    pair: Pair,
}

#[derive(Clone)]
enum Pair {
    Ed25519(Arc<Ed25519KeyPair>),
    P256(Arc<EcdsaKeyPair>),
}

impl Key {
    pub fn new(kid: &str) -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        Self {
            kid: kid.into(),
            pair: Pair::Ed25519(Arc::new(pair)),
        }
    }

    pub fn p256(kid: &str) -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
        Self {
            kid: kid.into(),
            pair: Pair::P256(Arc::new(pair)),
        }
    }

    pub fn jwk(&self) -> Value {
        match &self.pair {
            Pair::Ed25519(pair) => json!({
                "kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": self.kid,
                "x": URL_SAFE_NO_PAD.encode(pair.public_key()),
            }),
            Pair::P256(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({
                    "kty": "EC", "crv": "P-256", "use": "sig", "kid": self.kid,
                    "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
                })
            }
        }
    }

    pub fn jwks(&self) -> Value {
        json!({"keys": [self.jwk()]})
    }

    fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Ed25519(_) => "EdDSA",
            Pair::P256(_) => "ES256",
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.pair {
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::P256(pair) => pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec(),
        }
    }
}

/// A token before it is signed: its header and claims can still be changed.
#[derive(Clone)]
pub struct Token {
    key: Key,
    pub header: Value,
    pub claims: Value,
}

impl Token {
    pub fn new(key: Key, now: Timestamp) -> Self {
        Self {
            header: json!({"alg": key.algorithm(), "typ": "JWT", "kid": key.kid}),
            claims: json!({
                "iss": ISSUER, "aud": AUDIENCE, "sub": "usr_someone", "roles": [],
                "iat": now.epoch_seconds(), "exp": now.epoch_seconds() + 3600,
            }),
            key,
        }
    }

    pub fn role(self, role: &str) -> Self {
        self.claim("roles", json!([role]))
    }

    pub fn customer(self, key: &str) -> Self {
        self.claim("customerKey", json!(key))
    }

    pub fn subject(self, sub: &str) -> Self {
        self.claim("sub", json!(sub))
    }

    pub fn claim(mut self, name: &str, value: Value) -> Self {
        self.claims[name] = value;
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.claims.as_object_mut().unwrap().remove(name);
        self
    }

    pub fn header(mut self, name: &str, value: Value) -> Self {
        self.header[name] = value;
        self
    }

    pub fn without_header(mut self, name: &str) -> Self {
        self.header.as_object_mut().unwrap().remove(name);
        self
    }

    /// The same claims, signed by another key that the header names.
    pub fn with_key(mut self, key: &Key) -> Self {
        self.header["alg"] = json!(key.algorithm());
        self.header["kid"] = json!(key.kid);
        self.signed_by(key)
    }

    /// Signs with another key and leaves the header unchanged.
    pub fn signed_by(mut self, key: &Key) -> Self {
        self.key = key.clone();
        self
    }

    pub fn sign(&self) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&self.header), part(&self.claims));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }
}
