//! POST /v1/customers/{customerKey}/partitions/{partitionKey}/api-keys/{keyId}/expire: expires an API key now. Leaves an
//! expired key unchanged.

use domain::{Result, api_key::ApiKey};
use runtime::{Body, Caller, Context, Endpoint, Found, Request, Spec, access::ManagePartitions};
use table::api_keys::ApiKeys;

pub struct ExpireApiKey;

impl Endpoint for ExpireApiKey {
    const SPEC: Spec = Spec::post(
        "expire-api-key",
        "/v1/customers/{customerKey}/partitions/{partitionKey}/api-keys/{keyId}/expire",
        "Expire an API key now. An expired key stays unchanged.",
    )
    .takes(Body::Action(&[]))
    .performs(&[ApiKeys::EXPIRE]);
    type Permission = ManagePartitions;
    type Answer = Found<ApiKey>;

    async fn handle(ctx: &Context, caller: Caller<ManagePartitions>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        let key = ctx
            .api_keys()
            .expire(
                caller.tenant(),
                request.key()?,
                request.key()?,
                request.if_match,
                &change,
            )
            .await?;
        Ok(Found(key.as_of(change.now)))
    }
}
