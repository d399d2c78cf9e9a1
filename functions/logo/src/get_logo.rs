//! GET /v1/customers/{customerKey}/logo, and of a client: reads the logo that is shown.

use domain::{Result, logo::ShownLogo};
use runtime::{Caller, Context, Endpoint, Found, Request, Spec, access::ViewStructure};
use table::logos::Logos as LogoRecords;

pub struct GetLogo;

impl Endpoint for GetLogo {
    const SPEC: Spec = Spec::get(
        "get-logo",
        "/v1/customers/{customerKey}/logo",
        "Read the logo that a customer or client shows. An upload that is not confirmed is not shown.",
    )
    .also("/v1/customers/{customerKey}/clients/{clientKey}/logo")
    .performs(&[LogoRecords::SHOWN]);
    type Permission = ViewStructure;
    type Answer = Found<ShownLogo>;

    async fn handle(ctx: &Context, caller: Caller<ViewStructure>, _: Request) -> Result<Self::Answer> {
        Ok(Found(ctx.table.logos().shown(caller.owner()).await?))
    }
}
