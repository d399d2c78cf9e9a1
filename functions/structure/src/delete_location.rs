//! DELETE /v1/customers/{customerKey}/locations/{locationKey}, and of a client: deletes a location.

use domain::{Result, location::Location};
use runtime::{Caller, Context, Endpoint, Nothing, Request, Spec, access::EditStructure};
use table::parts::Parts;

pub struct DeleteLocation;

impl Endpoint for DeleteLocation {
    const SPEC: Spec = Spec::delete(
        "delete-location",
        "/v1/customers/{customerKey}/locations/{locationKey}",
        "Delete a location of a customer or client. `locationKey` of its contacts is cleared shortly after.",
    )
    .also("/v1/customers/{customerKey}/clients/{clientKey}/locations/{locationKey}")
    .performs(&[Parts::<Location>::DELETE]);
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
