//! POST /v1/api-keys/verify: whom a key lets in, if anybody. The key is the credential.
//!
//! Why a key is not valid is nobody's business who shows it: the answer is the same bytes for every reason.

use domain::{
    Result, View,
    api_key::{self, Verified},
    fields::Field,
    plaintext::Plaintext,
};
use runtime::{Body, Caller, Context, Endpoint, Request, Spec, Verdict, access::Public};
use serde::{Deserialize, Serialize};
use table::api_keys::ApiKeys;

pub struct VerifyApiKey;

#[derive(Deserialize)]
struct Shown {
    plaintext: String,
    #[serde(default)]
    scopes: Vec<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub enum Verification {
    Valid(Verified),
    /// The same bytes for every reason.
    Invalid {
        valid: bool,
    },
}

impl View for Verification {
    const NAME: &'static str = "VerifiedApiKey";

    fn fields() -> Vec<Field> {
        api_key::verified_fields()
    }
}

impl Endpoint for VerifyApiKey {
    const SPEC: Spec = Spec::post(
        "verify-api-key",
        "/v1/api-keys/verify",
        "Say whom an API key lets in, and to what. Where it lets nobody in, the answer does not say why.",
    )
    .takes(Body::Question(api_key::VERIFY_FIELDS))
    .performs(&[ApiKeys::VERIFY]);
    type Permission = Public;
    type Answer = Verdict<Verification>;

    async fn handle(ctx: &Context, _: Caller<Public>, request: Request) -> Result<Self::Answer> {
        let shown: Shown = request.body()?;
        let verified = match Plaintext::read(&shown.plaintext) {
            Some(plain) => ctx.api_keys().verify(&plain, &shown.scopes, ctx.clock.now()).await?,
            None => None,
        };
        Ok(Verdict(
            verified.map_or(Verification::Invalid { valid: false }, Verification::Valid),
        ))
    }
}
