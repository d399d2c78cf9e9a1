//! POST /v1/customers/{customerKey}/clients/{clientKey}/enable: enable a client again, and of what is below it what its disabling disabled.

use domain::client::Client;
use domain::{Code, Result};
use runtime::{Body, Caller, Context, Endpoint, Found, Grant, Request, Spec, access::EditClients, spec::Action};
use table::keys::Family;

pub struct EnableClient;

impl Endpoint for EnableClient {
    const SPEC: Spec = Spec::post(
        "enable-client",
        "/v1/customers/{customerKey}/clients/{clientKey}/enable",
        "Enable a client again, and of what is below it what its disabling disabled.",
    )
    .takes(Body::Action(&[]))
    .grants(&[
        Grant::on(Family::Customer, Action::GetItem),
        Grant::on(Family::Customer, Action::ConditionCheckItem),
        Grant::on(Family::Customer, Action::PutItem),
    ])
    .codes(&[Code::Conflict, Code::CustomerDisabled]);
    type Permission = EditClients;
    type Answer = Found<Client>;

    async fn handle(ctx: &Context, caller: Caller<EditClients>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        let client = ctx
            .clients()
            .disable(caller.tenant(), request.key()?, false, request.if_match, &change)
            .await?;
        Ok(Found(client))
    }
}
