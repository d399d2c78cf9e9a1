//! DELETE /v1/customers/{customerKey}/logo, and of a client: show none. Where there is none, that is so already.

use domain::Result;
use runtime::{Caller, Context, Endpoint, Nothing, Request, Spec, access::EditStructure};
use table::logos::Logos;

pub struct DeleteLogo;

impl Endpoint for DeleteLogo {
    const SPEC: Spec = Spec::delete(
        "delete-logo",
        "/v1/customers/{customerKey}/logo",
        "Show no logo any more.",
    )
    .also("/v1/customers/{customerKey}/clients/{clientKey}/logo")
    .performs(&[Logos::HOLDER, Logos::SET]);
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
