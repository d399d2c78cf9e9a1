//! POST /v1/customers/{customerKey}/clients/{clientKey}/enable: re-enables a client and everything that disabling it
//! had disabled.

use domain::{Result, client::Client};
use runtime::{
    Body, Caller, Context, Endpoint, Found, Request, Spec,
    access::{EditClients, may_undo},
};
use table::clients::Clients;

pub struct EnableClient;

impl Endpoint for EnableClient {
    const SPEC: Spec = Spec::post(
        "enable-client",
        "/v1/customers/{customerKey}/clients/{clientKey}/enable",
        "Re-enable a client and everything that disabling it had disabled, in the capacity in which it was disabled or a higher one.",
    )
    .takes(Body::Action(&[]))
    .performs(&[Clients::ENABLE]);
    type Permission = EditClients;
    type Answer = Found<Client>;

    async fn handle(ctx: &Context, caller: Caller<EditClients>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        let client = ctx
            .clients()
            .enable(
                caller.tenant(),
                request.key()?,
                |disabled_by| may_undo(caller.capacity.disables_clients_as(), disabled_by),
                request.if_match,
                &change,
            )
            .await?;
        Ok(Found(client))
    }
}
