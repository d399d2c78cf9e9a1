//! PATCH /v1/customers/{customerKey}/clients/{clientKey}: updates a client by JSON Merge Patch.

use domain::{
    Result,
    client::{self, Client},
};
use runtime::{Body, Caller, Context, Endpoint, Found, Request, Spec, access::EditClients};
use table::clients::Clients;

pub struct UpdateClient;

impl Endpoint for UpdateClient {
    const SPEC: Spec = Spec::patch(
        "update-client",
        "/v1/customers/{customerKey}/clients/{clientKey}",
        "Update a client of a customer.",
    )
    .takes(Body::Patch(client::FIELDS))
    .performs(&[Clients::PATCH]);
    type Permission = EditClients;
    type Answer = Found<Client>;

    async fn handle(ctx: &Context, caller: Caller<EditClients>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        let client = ctx
            .clients()
            .patch(
                caller.tenant(),
                request.key()?,
                &request.body,
                request.if_match,
                &change,
            )
            .await?;
        Ok(Found(client))
    }
}
