//! DELETE /v1/customers/{customerKey}/locations/{locationKey}, and of a client: delete a location.

use domain::{Code, Result, location::Location};
use runtime::{Caller, Context, Endpoint, Grant, Nothing, Request, Spec, access::EditStructure, spec::Action};
use table::keys::Family;

pub struct DeleteLocation;

impl Endpoint for DeleteLocation {
    const SPEC: Spec = Spec::delete(
        "delete-location",
        "/v1/customers/{customerKey}/locations/{locationKey}",
        "Delete a location of a customer or client.",
    )
    .also("/v1/customers/{customerKey}/clients/{clientKey}/locations/{locationKey}")
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
        ctx.parts::<Location>()
            .delete(caller.owner(), request.key()?, request.if_match, &change)
            .await?;
        Ok(Nothing)
    }
}
