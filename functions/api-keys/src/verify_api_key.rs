//! POST /v1/api-keys/verify: whom a key lets in, if anybody. The key is the credential.
//!
//! Why a key is not valid is nobody's business who shows it: the answer is the same bytes for every reason.

use domain::{Result, api_key, plaintext::Plaintext};
use runtime::{Answer, Body, Caller, Context, Endpoint, Grant, Reply, Request, Spec, access::Public, spec::Action};
use serde::Deserialize;
use serde_json::json;
use table::keys::Family;

pub struct VerifyApiKey;

#[derive(Deserialize)]
struct Shown {
    plaintext: String,
    #[serde(default)]
    scopes: Vec<String>,
}

impl Endpoint for VerifyApiKey {
    const SPEC: Spec = Spec::post(
        "verify-api-key",
        "/v1/api-keys/verify",
        "Say whom an API key lets in, and to what. Where it lets nobody in, the answer does not say why.",
    )
    .takes(Body::Question(api_key::VERIFY_FIELDS))
    .answers(Answer::Verdict {
        name: "VerifiedApiKey",
        fields: api_key::verified_fields,
    })
    .grants(&[
        Grant::on(Family::Customer, Action::BatchGetItem),
        Grant::on(Family::Customer, Action::UpdateItem),
    ]);
    type Permission = Public;

    async fn handle(ctx: &Context, _: Caller<Public>, request: Request) -> Result<Reply> {
        let shown: Shown = request.body()?;
        let Some(plain) = Plaintext::read(&shown.plaintext) else {
            return Reply::view(&json!({"valid": false}));
        };
        match ctx.api_keys().verify(&plain, &shown.scopes, ctx.clock.now()).await? {
            Some(verified) => Reply::view(&verified),
            None => Reply::view(&json!({"valid": false})),
        }
    }
}
