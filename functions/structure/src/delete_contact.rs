//! DELETE /v1/customers/{customerKey}/contacts/{contactKey}, and of a client: delete a contact.

use domain::{Code, Result, contact::Contact};
use runtime::{Caller, Context, Endpoint, Grant, Nothing, Request, Spec, access::EditStructure, spec::Action};
use table::keys::Family;

pub struct DeleteContact;

impl Endpoint for DeleteContact {
    const SPEC: Spec = Spec::delete(
        "delete-contact",
        "/v1/customers/{customerKey}/contacts/{contactKey}",
        "Delete a contact of a customer or client.",
    )
    .also("/v1/customers/{customerKey}/clients/{clientKey}/contacts/{contactKey}")
    .grants(&[
        Grant::on(Family::Customer, Action::GetItem),
        Grant::on(Family::Customer, Action::ConditionCheckItem),
        Grant::on(Family::Customer, Action::PutItem),
        Grant::on(Family::Customer, Action::DeleteItem),
    ])
    .codes(&[Code::CustomerDisabled]);
    type Permission = EditStructure;
    type Answer = Nothing;

    async fn handle(ctx: &Context, caller: Caller<EditStructure>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        ctx.parts::<Contact>()
            .delete(caller.owner(), request.key()?, request.if_match, &change)
            .await?;
        Ok(Nothing)
    }
}
