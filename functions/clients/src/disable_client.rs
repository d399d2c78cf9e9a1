//! POST /v1/customers/{customerKey}/clients/{clientKey}/disable: disable a client, its account with it, and what is below that.

use domain::Result;
use domain::client::Client;
use runtime::{Body, Caller, Context, Endpoint, Found, Request, Spec, access::EditClients};
use table::clients::Clients;

pub struct DisableClient;

impl Endpoint for DisableClient {
    const SPEC: Spec = Spec::post(
        "disable-client",
        "/v1/customers/{customerKey}/clients/{clientKey}/disable",
        "Disable a client, its account with it, and what is below that.",
    )
    .takes(Body::Action(&[]))
    .performs(&[Clients::DISABLE]);
    type Permission = EditClients;
    type Answer = Found<Client>;

    async fn handle(ctx: &Context, caller: Caller<EditClients>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        let client = ctx
            .clients()
            .disable(caller.tenant(), request.key()?, true, request.if_match, &change)
            .await?;
        Ok(Found(client))
    }
}
