//! GET /v1/customers/{customerKey}/clients/{clientKey}: read one client, and how far a cascade from it has come.

use domain::Result;
use domain::view::ClientDetail;
use runtime::{Caller, Context, Endpoint, Found, Grant, Request, Spec, access::ViewClients, spec::Action};
use table::keys::Family;

pub struct GetClient;

impl Endpoint for GetClient {
    const SPEC: Spec = Spec::get(
        "get-client",
        "/v1/customers/{customerKey}/clients/{clientKey}",
        "Read a client of a customer.",
    )
    .grants(&[Grant::on(Family::Customer, Action::BatchGetItem)]);
    type Permission = ViewClients;
    type Answer = Found<ClientDetail>;

    async fn handle(ctx: &Context, caller: Caller<ViewClients>, request: Request) -> Result<Self::Answer> {
        let (client, cascade) = ctx.clients().get(caller.tenant(), request.key()?).await?;
        Ok(Found(ClientDetail { client, cascade }))
    }
}
