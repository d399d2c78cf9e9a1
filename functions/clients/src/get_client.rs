//! GET /v1/customers/{customerKey}/clients/{clientKey}: read one client, and how far a cascade from it has come.

use domain::{Result, client};
use runtime::{Answer, Caller, Context, Endpoint, Grant, Reply, Request, Spec, access::ViewClients, spec::Action};
use table::keys::Family;

pub struct GetClient;

impl Endpoint for GetClient {
    const SPEC: Spec = Spec::get(
        "get-client",
        "/v1/customers/{customerKey}/clients/{clientKey}",
        "Read a client of a customer.",
    )
    .answers(Answer::Entity {
        name: "ClientDetail",
        fields: client::detail_fields,
    })
    .grants(&[Grant::on(Family::Customer, Action::BatchGetItem)]);
    type Permission = ViewClients;

    async fn handle(ctx: &Context, caller: Caller<ViewClients>, request: Request) -> Result<Reply> {
        let (client, cascade) = ctx.clients().get(caller.tenant(), request.key()?).await?;
        Reply::entity_with(&client, "cascade", cascade.as_ref())
    }
}
