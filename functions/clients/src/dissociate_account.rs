//! DELETE /v1/customers/{customerKey}/clients/{clientKey}/account: part a client and its account. Both stand, neither points at the other.

use domain::Result;
use runtime::{Caller, Context, Endpoint, Nothing, Request, Spec, access::EditClients};
use table::clients::Clients;

pub struct DissociateAccount;

impl Endpoint for DissociateAccount {
    const SPEC: Spec = Spec::delete(
        "dissociate-account",
        "/v1/customers/{customerKey}/clients/{clientKey}/account",
        "Part a client and its account; both stand.",
    )
    .performs(&[Clients::DISSOCIATE]);
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
