//! PATCH /v1/customers/{customerKey}/clients/{clientKey}: change a client by JSON Merge Patch.

use domain::client::Client;
use domain::{Code, Result, client};
use runtime::{Body, Caller, Context, Endpoint, Found, Grant, Request, Spec, access::EditClients, spec::Action};
use table::keys::Family;

pub struct UpdateClient;

impl Endpoint for UpdateClient {
    const SPEC: Spec = Spec::patch(
        "update-client",
        "/v1/customers/{customerKey}/clients/{clientKey}",
        "Change a client of a customer.",
    )
    .takes(Body::Patch(client::FIELDS))
    .grants(&[
        Grant::on(Family::Customer, Action::GetItem),
        Grant::on(Family::Customer, Action::ConditionCheckItem),
        Grant::on(Family::Customer, Action::PutItem),
        Grant::on(Family::Customer, Action::DeleteItem),
    ])
    .codes(&[Code::Conflict, Code::CustomerDisabled]);
    type Permission = EditClients;
    type Answer = Found<Client>;

    async fn handle(ctx: &Context, caller: Caller<EditClients>, request: Request) -> Result<Self::Answer> {
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
        Ok(Found(client))
    }
}
