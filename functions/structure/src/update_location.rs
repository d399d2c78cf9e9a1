//! PATCH /v1/customers/{customerKey}/locations/{locationKey}, and of a client: change a location by JSON Merge Patch.

use domain::{
    Code, Result,
    location::{self, Location},
};
use runtime::{Body, Caller, Context, Endpoint, Found, Grant, Request, Spec, access::EditStructure, spec::Action};
use table::keys::Family;

pub struct UpdateLocation;

impl Endpoint for UpdateLocation {
    const SPEC: Spec = Spec::patch(
        "update-location",
        "/v1/customers/{customerKey}/locations/{locationKey}",
        "Change a location of a customer or client.",
    )
    .also("/v1/customers/{customerKey}/clients/{clientKey}/locations/{locationKey}")
    .takes(Body::Patch(location::FIELDS))
    .grants(&[
        Grant::on(Family::Customer, Action::GetItem),
        Grant::on(Family::Customer, Action::ConditionCheckItem),
        Grant::on(Family::Customer, Action::PutItem),
        Grant::on(Family::Customer, Action::UpdateItem),
        Grant::on(Family::Customer, Action::DeleteItem),
    ])
    .codes(&[Code::Conflict, Code::CustomerDisabled]);
    type Permission = EditStructure;
    type Answer = Found<Location>;

    async fn handle(ctx: &Context, caller: Caller<EditStructure>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        let location = ctx
            .parts::<Location>()
            .patch(caller.owner(), request.key()?, &request.body, request.if_match, &change)
            .await?;
        Ok(Found(location))
    }
}
