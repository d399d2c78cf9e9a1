//! POST /v1/customers/{customerKey}/partitions/{partitionKey}/api-keys: creates an API key. Only this answer holds its plaintext.

use crate::IssuedApiKey;
use domain::{
    Result,
    api_key::{self, ApiKey},
    partition::Partition,
};
use runtime::{Body, Caller, Context, Endpoint, Issued, Request, Spec, access::ManagePartitions};
use table::{api_keys::ApiKeys, parts::Parts};

pub struct CreateApiKey;

impl Endpoint for CreateApiKey {
    const SPEC: Spec = Spec::post(
        "create-api-key",
        "/v1/customers/{customerKey}/partitions/{partitionKey}/api-keys",
        "Create an API key of a partition. The plaintext is only in this answer: it is not stored.",
    )
    .takes(Body::Create(api_key::NEW_FIELDS))
    .together(api_key::TOGETHER_IN_NEW)
    .performs(&[Parts::<Partition>::GET, ApiKeys::CREATE]);
    type Permission = ManagePartitions;
    type Answer = Issued<IssuedApiKey>;

    async fn handle(ctx: &Context, caller: Caller<ManagePartitions>, request: Request) -> Result<Self::Answer> {
        let tenant = caller.tenant();
        let change = request.change(ctx, &caller.actor);
        // The plaintext contains the partition's environment.
        let partition = ctx.parts::<Partition>().get(tenant.itself(), request.key()?).await?;
        let key = ApiKey::of_body(ctx.new_key(), &partition, &request.body, change.now, &caller.actor)?;
        let secret = ctx.clock.secret()?;
        ctx.api_keys().create(tenant, &key, &secret, &change).await?;
        Ok(Issued(IssuedApiKey::new(tenant.key(), key, secret)))
    }
}
