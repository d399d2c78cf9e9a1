//! DELETE /v1/customers/{customerKey}/logo, and of a client: removes the logo. Succeeds if there is none.

use domain::Result;
use runtime::{Caller, Context, Endpoint, Nothing, Request, Spec, access::EditStructure};
use table::logos::Logos as LogoRecords;

pub struct DeleteLogo;

impl Endpoint for DeleteLogo {
    const SPEC: Spec = Spec::delete(
        "delete-logo",
        "/v1/customers/{customerKey}/logo",
        "Remove the logo. Succeeds if there is none.",
    )
    .also("/v1/customers/{customerKey}/clients/{clientKey}/logo")
    .performs(&[LogoRecords::HOLDER, LogoRecords::SET]);
    type Permission = EditStructure;
    type Answer = Nothing;

    async fn handle(ctx: &Context, caller: Caller<EditStructure>, request: Request) -> Result<Self::Answer> {
        let owner = caller.owner();
        let change = request.change(ctx, &caller.actor);
        let holder = ctx.table.logos().holder(owner).await?;
        ctx.table
            .logos()
            .set(owner, holder, None, request.if_match, &change)
            .await?;
        Ok(Nothing)
    }
}
