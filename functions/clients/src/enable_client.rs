//! POST /v1/customers/{customerKey}/clients/{clientKey}/enable: enable a client again, and of what is below it what its disabling disabled.

use domain::{Code, Result, client};
use runtime::{
    Answer, Body, Caller, Context, Endpoint, Grant, Reply, Request, Spec, access::EditClients, spec::Action,
};
use table::keys::Family;

pub struct EnableClient;

impl Endpoint for EnableClient {
    const SPEC: Spec = Spec::post(
        "enable-client",
        "/v1/customers/{customerKey}/clients/{clientKey}/enable",
        "Enable a client again, and of what is below it what its disabling disabled.",
    )
    .takes(Body::Action(&[]))
    .answers(Answer::Entity {
        name: "Client",
        fields: client::view_fields,
    })
    .grants(&[
        Grant::on(Family::Customer, Action::GetItem),
        Grant::on(Family::Customer, Action::ConditionCheckItem),
        Grant::on(Family::Customer, Action::PutItem),
    ])
    .codes(&[Code::Conflict, Code::CustomerDisabled]);
    type Permission = EditClients;

    async fn handle(ctx: &Context, caller: Caller<EditClients>, request: Request) -> Result<Reply> {
        let change = request.change(ctx, &caller.actor);
        let client = ctx
            .clients()
            .disable(caller.tenant(), request.key()?, false, request.if_match, &change)
            .await?;
        Reply::entity(&client)
    }
}
