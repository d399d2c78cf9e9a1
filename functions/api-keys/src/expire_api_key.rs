//! POST /v1/customers/{customerKey}/partitions/{partitionKey}/api-keys/{keyId}/expire: end a key now. One that has ended stays as it is.

use domain::{Result, api_key};
use runtime::{
    Answer, Body, Caller, Context, Endpoint, Grant, Reply, Request, Spec, access::ManagePartitions, spec::Action,
};
use table::keys::Family;

pub struct ExpireApiKey;

impl Endpoint for ExpireApiKey {
    const SPEC: Spec = Spec::post(
        "expire-api-key",
        "/v1/customers/{customerKey}/partitions/{partitionKey}/api-keys/{keyId}/expire",
        "End an API key now.",
    )
    .takes(Body::Action(&[]))
    .answers(Answer::Entity {
        name: "ApiKey",
        fields: api_key::view_fields,
    })
    .grants(&[
        Grant::on(Family::Customer, Action::GetItem),
        Grant::on(Family::Customer, Action::PutItem),
    ]);
    type Permission = ManagePartitions;

    async fn handle(ctx: &Context, caller: Caller<ManagePartitions>, request: Request) -> Result<Reply> {
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
        Reply::entity(&key.shown(change.now))
    }
}
