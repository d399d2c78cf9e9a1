//! DELETE /v1/customers/{customerKey}/clients/{clientKey}/account: part a client and its account. Both stand, neither points at the other.

use domain::{Code, Result};
use runtime::{Caller, Context, Endpoint, Grant, Nothing, Request, Spec, access::EditClients, spec::Action};
use table::keys::Family;

pub struct DissociateAccount;

impl Endpoint for DissociateAccount {
    const SPEC: Spec = Spec::delete(
        "dissociate-account",
        "/v1/customers/{customerKey}/clients/{clientKey}/account",
        "Part a client and its account; both stand.",
    )
    .grants(&[
        Grant::on(Family::Customer, Action::GetItem),
        Grant::on(Family::Customer, Action::ConditionCheckItem),
        Grant::on(Family::Customer, Action::PutItem),
        Grant::on(Family::Customer, Action::DeleteItem),
    ])
    .codes(&[Code::CustomerDisabled]);
    type Permission = EditClients;
    type Answer = Nothing;

    async fn handle(ctx: &Context, caller: Caller<EditClients>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        ctx.clients()
            .dissociate(caller.tenant(), request.key()?, request.if_match, &change)
            .await?;
        Ok(Nothing)
    }
}
