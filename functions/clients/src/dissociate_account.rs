//! DELETE /v1/customers/{customerKey}/clients/{clientKey}/account: dissociates a client from its account. Both
//! remain; neither refers to the other.

use domain::Result;
use runtime::{Caller, Context, Endpoint, Nothing, Request, Spec, access::EditClients};
use table::clients::Clients;

pub struct DissociateAccount;

impl Endpoint for DissociateAccount {
    const SPEC: Spec = Spec::delete(
        "dissociate-account",
        "/v1/customers/{customerKey}/clients/{clientKey}/account",
        "Dissociate a client from its account. Both remain; neither refers to the other.",
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
