//! PATCH /v1/customers/{customerKey}/partitions/{partitionKey}/api-keys/{keyId}: change a key's name or what it belongs to.

use domain::{Code, Result, api_key};
use runtime::{
    Answer, Body, Caller, Context, Endpoint, Grant, Reply, Request, Spec, access::ManagePartitions, spec::Action,
};
use table::keys::Family;

pub struct UpdateApiKey;

impl Endpoint for UpdateApiKey {
    const SPEC: Spec = Spec::patch(
        "update-api-key",
        "/v1/customers/{customerKey}/partitions/{partitionKey}/api-keys/{keyId}",
        "Change an API key's name or foreign key. Its rights and its end are what they are: rotate or expire it.",
    )
    .takes(Body::Patch(api_key::FIELDS))
    .answers(Answer::Entity {
        name: "ApiKey",
        fields: api_key::view_fields,
    })
    .grants(&[
        Grant::on(Family::Customer, Action::GetItem),
        Grant::on(Family::Customer, Action::ConditionCheckItem),
        Grant::on(Family::Customer, Action::PutItem),
    ])
    .codes(&[Code::CustomerDisabled]);
    type Permission = ManagePartitions;

    async fn handle(ctx: &Context, caller: Caller<ManagePartitions>, request: Request) -> Result<Reply> {
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
        Reply::entity(&key.shown(change.now))
    }
}
