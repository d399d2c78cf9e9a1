//! GET /v1/customers/{customerKey}/locations/{locationKey}, and of a client: reads a location.

use domain::{Result, location::Location};
use runtime::{Caller, Context, Endpoint, Found, Request, Spec, access::ViewStructure};
use table::parts::Parts;

pub struct GetLocation;

impl Endpoint for GetLocation {
    const SPEC: Spec = Spec::get(
        "get-location",
        "/v1/customers/{customerKey}/locations/{locationKey}",
        "Read a location of a customer or client.",
    )
    .also("/v1/customers/{customerKey}/clients/{clientKey}/locations/{locationKey}")
    .performs(&[Parts::<Location>::GET]);
    type Permission = ViewStructure;
    type Answer = Found<Location>;

    async fn handle(ctx: &Context, caller: Caller<ViewStructure>, request: Request) -> Result<Self::Answer> {
        Ok(Found(
            ctx.parts::<Location>().get(caller.owner(), request.key()?).await?,
        ))
    }
}
