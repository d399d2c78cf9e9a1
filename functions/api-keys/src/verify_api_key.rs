//! POST /v1/api-keys/verify: verifies an API key, which is the request's only credential.
//!
//! The caller must not learn why a key is invalid: the answer has the same bytes for every reason.

use domain::{
    Object, Result, View,
    api_key::{self, Verified},
    fields::Field,
    plaintext::Plaintext,
};
use runtime::{Body, Caller, Context, Endpoint, Request, Spec, Verdict, access::Public};
use serde::{Deserialize, Serialize};
use table::api_keys::ApiKeys;

pub struct VerifyApiKey;

#[derive(Deserialize)]
struct VerifyRequest {
    plaintext: String,
    #[serde(default)]
    scopes: Vec<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub enum Verification {
    Valid(Verified),
    /// Always `{"valid": false}`.
    Invalid {
        valid: bool,
    },
}

impl View for Verification {
    const NAME: &'static str = "VerifiedApiKey";

    const VARIANTS: &'static [&'static Object] = api_key::VERIFIED;

    fn fields() -> Vec<Field> {
        Vec::new()
    }
}

impl Endpoint for VerifyApiKey {
    const SPEC: Spec = Spec::post(
        "verify-api-key",
        "/v1/api-keys/verify",
        "Verify an API key: returns the customer, partition and scopes that it grants. An invalid key gets the same answer whatever the reason.",
    )
    .throttled_by("ApiKeyVerify")
    .takes(Body::Question(api_key::VERIFY_FIELDS))
    .performs(&[ApiKeys::VERIFY]);
    type Permission = Public;
    type Answer = Verdict<Verification>;

    async fn handle(ctx: &Context, _: Caller<Public>, request: Request) -> Result<Self::Answer> {
        let body: VerifyRequest = request.body()?;
        let verified = match Plaintext::read(&body.plaintext) {
            Some(plain) => ctx.api_keys().verify(&plain, &body.scopes, ctx.clock.now()).await?,
            None => None,
        };
        Ok(Verdict(
            verified.map_or(Verification::Invalid { valid: false }, Verification::Valid),
        ))
    }
}
