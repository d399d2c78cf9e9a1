//! PATCH /v1/customers/{customerKey}/locations/{locationKey}, and of a client: updates a location by JSON Merge Patch.

use domain::{
    Result,
    location::{self, Location},
};
use runtime::{Body, Caller, Context, Endpoint, Found, Request, Spec, access::EditStructure};
use table::parts::Parts;

pub struct UpdateLocation;

impl Endpoint for UpdateLocation {
    const SPEC: Spec = Spec::patch(
        "update-location",
        "/v1/customers/{customerKey}/locations/{locationKey}",
        "Update a location of a customer or client. A new headquarters replaces the previous one.",
    )
    .also("/v1/customers/{customerKey}/clients/{clientKey}/locations/{locationKey}")
    .takes(Body::Patch(location::FIELDS))
    .performs(&[Parts::<Location>::PATCH]);
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
