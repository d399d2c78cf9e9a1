//! POST /v1/customers/{customerKey}/clients/{clientKey}/disable: disables a client, its account and everything below
//! that account.

use domain::{Result, client::Client};
use runtime::{Body, Caller, Context, Endpoint, Found, Request, Spec, access::EditClients};
use table::clients::Clients;

pub struct DisableClient;

impl Endpoint for DisableClient {
    const SPEC: Spec = Spec::post(
        "disable-client",
        "/v1/customers/{customerKey}/clients/{clientKey}/disable",
        "Disable a client, its account and everything below that account.",
    )
    .takes(Body::Action(&[]))
    .performs(&[Clients::DISABLE]);
    type Permission = EditClients;
    type Answer = Found<Client>;

    async fn handle(ctx: &Context, caller: Caller<EditClients>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        let client = ctx
            .clients()
            .disable(
                caller.tenant(),
                request.key()?,
                caller.capacity.disables_clients_as(),
                request.if_match,
                &change,
            )
            .await?;
        Ok(Found(client))
    }
}
