//! GET /v1/customers/{customerKey}/partitions/{partitionKey}/api-keys/{keyId}: reads an API key, without its
//! plaintext.

use domain::{Result, api_key::ApiKey};
use runtime::{Caller, Context, Endpoint, Found, Request, Spec, access::ViewPartitions};
use table::api_keys::ApiKeys;

pub struct GetApiKey;

impl Endpoint for GetApiKey {
    const SPEC: Spec = Spec::get(
        "get-api-key",
        "/v1/customers/{customerKey}/partitions/{partitionKey}/api-keys/{keyId}",
        "Read an API key. Its plaintext is not stored.",
    )
    .performs(&[ApiKeys::GET]);
    type Permission = ViewPartitions;
    type Answer = Found<ApiKey>;

    async fn handle(ctx: &Context, caller: Caller<ViewPartitions>, request: Request) -> Result<Self::Answer> {
        let key = ctx
            .api_keys()
            .get(caller.tenant(), request.key()?, request.key()?)
            .await?;
        Ok(Found(key.as_of(ctx.clock.now())))
    }
}
