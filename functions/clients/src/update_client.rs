//! PATCH /v1/customers/{customerKey}/clients/{clientKey}: change a client by JSON Merge Patch.

use domain::{Code, Result, client};
use runtime::{
    Answer, Body, Caller, Context, Endpoint, Grant, Reply, Request, Spec, access::EditClients, spec::Action,
};
use table::keys::Family;

pub struct UpdateClient;

impl Endpoint for UpdateClient {
    const SPEC: Spec = Spec::patch(
        "update-client",
        "/v1/customers/{customerKey}/clients/{clientKey}",
        "Change a client of a customer.",
    )
    .takes(Body::Patch(client::FIELDS))
    .answers(Answer::Entity {
        name: "Client",
        fields: client::view_fields,
    })
    .grants(&[
        Grant::on(Family::Customer, Action::GetItem),
        Grant::on(Family::Customer, Action::ConditionCheckItem),
        Grant::on(Family::Customer, Action::PutItem),
        Grant::on(Family::Customer, Action::DeleteItem),
    ])
    .codes(&[Code::Conflict, Code::CustomerDisabled]);
    type Permission = EditClients;

    async fn handle(ctx: &Context, caller: Caller<EditClients>, request: Request) -> Result<Reply> {
        let change = request.change(ctx, &caller.actor);
        let client = ctx
            .clients()
            .patch(
                caller.tenant(),
                request.key()?,
                &request.body,
                request.if_match,
                &change,
            )
            .await?;
        Reply::entity(&client)
    }
}
