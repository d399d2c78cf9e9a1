//! GET /v1/customers/{customerKey}/clients/{clientKey}: reads a client and the progress of its disabling or enabling.

use domain::{Result, client::Client};
use runtime::{Caller, Context, Endpoint, Found, Request, Spec, access::ViewClients};
use table::clients::Clients;

pub struct GetClient;

impl Endpoint for GetClient {
    const SPEC: Spec = Spec::get(
        "get-client",
        "/v1/customers/{customerKey}/clients/{clientKey}",
        "Read a client of a customer. `cascade` is present while its disabling or enabling is in progress.",
    )
    .performs(&[Clients::GET]);
    type Permission = ViewClients;
    type Answer = Found<Client>;

    async fn handle(ctx: &Context, caller: Caller<ViewClients>, request: Request) -> Result<Self::Answer> {
        Ok(Found(ctx.clients().get(caller.tenant(), request.key()?).await?))
    }
}
