//! DELETE /v1/customers/{customerKey}/clients/{clientKey}: deletes a client. A task then deletes everything that belonged
//! to it; its account remains, disabled.

use domain::Result;
use runtime::{Caller, Context, Deleted, Endpoint, Request, Spec, access::EditClients};
use table::{
    cascades::{Cascades, DeletionPreview},
    clients::Clients,
};

pub struct DeleteClient;

impl Endpoint for DeleteClient {
    const SPEC: Spec = Spec::delete(
        "delete-client",
        "/v1/customers/{customerKey}/clients/{clientKey}",
        "Delete a client with its departments, locations and contacts. Its account remains, disabled.",
    )
    .performs(&[Cascades::PREVIEW_CLIENT_DELETION, Clients::DELETE]);
    type Permission = EditClients;
    type Answer = Deleted<DeletionPreview>;

    async fn handle(ctx: &Context, caller: Caller<EditClients>, request: Request) -> Result<Self::Answer> {
        let (tenant, key) = (caller.tenant(), request.key()?);
        if request.is_dry_run() {
            return Ok(Deleted::Preview(
                ctx.table.cascades().preview_client_deletion(tenant, key).await?,
            ));
        }
        let change = request.change(ctx, &caller.actor);
        ctx.clients().delete(tenant, key, request.if_match, &change).await?;
        Ok(Deleted::Done)
    }
}
