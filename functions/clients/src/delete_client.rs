//! DELETE /v1/customers/{customerKey}/clients/{clientKey}: delete a client. What belonged to it follows; its account lives on, disabled.

use domain::Result;
use runtime::{Caller, Context, Deleted, Endpoint, Request, Spec, access::EditClients};
use table::cascades::Cascades;
use table::cascades::DeletionPreview;
use table::clients::Clients;

pub struct DeleteClient;

impl Endpoint for DeleteClient {
    const SPEC: Spec = Spec::delete(
        "delete-client",
        "/v1/customers/{customerKey}/clients/{clientKey}",
        "Delete a client with its departments, locations and contacts. Its account lives on, disabled.",
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
