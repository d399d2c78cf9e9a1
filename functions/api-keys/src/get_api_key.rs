//! GET /v1/customers/{customerKey}/partitions/{partitionKey}/api-keys/{keyId}: read one key, which is not its plaintext.

use domain::{Result, api_key};
use runtime::{Answer, Caller, Context, Endpoint, Grant, Reply, Request, Spec, access::ViewPartitions, spec::Action};
use table::keys::Family;

pub struct GetApiKey;

impl Endpoint for GetApiKey {
    const SPEC: Spec = Spec::get(
        "get-api-key",
        "/v1/customers/{customerKey}/partitions/{partitionKey}/api-keys/{keyId}",
        "Read an API key; its plaintext is kept nowhere.",
    )
    .answers(Answer::Entity {
        name: "ApiKey",
        fields: api_key::view_fields,
    })
    .grants(&[Grant::on(Family::Customer, Action::GetItem)]);
    type Permission = ViewPartitions;

    async fn handle(ctx: &Context, caller: Caller<ViewPartitions>, request: Request) -> Result<Reply> {
        let key = ctx
            .api_keys()
            .get(caller.tenant(), request.key()?, request.key()?)
            .await?;
        Reply::entity(&key.shown(ctx.clock.now()))
    }
}
