//! PATCH /v1/customers/{customerKey}/partitions/{partitionKey}/api-keys/{keyId}: updates an API key's name or
//! foreign key by JSON Merge Patch.

use domain::{
    Result,
    api_key::{self, ApiKey},
};
use runtime::{Body, Caller, Context, Endpoint, Found, Request, Spec, access::ManagePartitions};
use table::api_keys::ApiKeys;

pub struct UpdateApiKey;

impl Endpoint for UpdateApiKey {
    const SPEC: Spec = Spec::patch(
        "update-api-key",
        "/v1/customers/{customerKey}/partitions/{partitionKey}/api-keys/{keyId}",
        "Update an API key's name or foreign key. Its rights and expiry can't be changed: rotate or expire it instead.",
    )
    .takes(Body::Patch(api_key::FIELDS))
    .performs(&[ApiKeys::PATCH]);
    type Permission = ManagePartitions;
    type Answer = Found<ApiKey>;

    async fn handle(ctx: &Context, caller: Caller<ManagePartitions>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        let key = ctx
            .api_keys()
            .patch(
                caller.tenant(),
                request.key()?,
                request.key()?,
                &request.body,
                request.if_match,
                &change,
            )
            .await?;
        Ok(Found(key.as_of(change.now)))
    }
}
