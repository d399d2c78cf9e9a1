//! POST /v1/customers/{customerKey}/partitions/{partitionKey}/api-keys/{keyId}/rotate: creates an API key's successor.

use crate::IssuedApiKey;
use domain::{
    Result,
    api_key::{self, Rotation},
};
use runtime::{Body, Caller, Context, Endpoint, Issued, Request, Spec, access::ManagePartitions};
use table::api_keys::ApiKeys;

pub struct RotateApiKey;

impl Endpoint for RotateApiKey {
    const SPEC: Spec = Spec::post(
        "rotate-api-key",
        "/v1/customers/{customerKey}/partitions/{partitionKey}/api-keys/{keyId}/rotate",
        "Rotate an API key: create a successor with the same rights and the same expiry. The old key expires after the overlap.",
    )
    .located_at("/v1/customers/{customerKey}/partitions/{partitionKey}/api-keys/{keyId}")
    .takes(Body::Action(api_key::ROTATE_FIELDS))
    .performs(&[ApiKeys::ROTATE]);
    type Permission = ManagePartitions;
    type Answer = Issued<IssuedApiKey>;

    async fn handle(ctx: &Context, caller: Caller<ManagePartitions>, request: Request) -> Result<Self::Answer> {
        let tenant = caller.tenant();
        let change = request.change(ctx, &caller.actor);
        let rotation: Rotation = request.body()?;
        let secret = ctx.clock.secret()?;
        let successor = ctx
            .api_keys()
            .rotate(
                tenant,
                request.key()?,
                request.key()?,
                rotation.overlap_seconds,
                (ctx.new_key(), &secret),
                request.if_match,
                &change,
            )
            .await?;
        Ok(Issued(IssuedApiKey::new(tenant.key(), successor, secret)))
    }
}
