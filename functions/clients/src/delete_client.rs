//! DELETE /v1/customers/{customerKey}/clients/{clientKey}: delete a client. What belonged to it follows; its account lives on, disabled.

use domain::{Code, Result};
use runtime::{Caller, Context, Deleted, Endpoint, Grant, Request, Spec, access::EditClients, spec::Action};
use table::cascades::DeletionPreview;
use table::keys::Family;

pub struct DeleteClient;

impl Endpoint for DeleteClient {
    const SPEC: Spec = Spec::delete(
        "delete-client",
        "/v1/customers/{customerKey}/clients/{clientKey}",
        "Delete a client with its departments, locations and contacts. Its account lives on, disabled.",
    )
    .grants(&[
        Grant::on(Family::Customer, Action::GetItem),
        Grant::on(Family::Customer, Action::Query),
        Grant::on(Family::Customer, Action::ConditionCheckItem),
        Grant::on(Family::Customer, Action::PutItem),
        Grant::on(Family::Customer, Action::DeleteItem),
    ])
    .codes(&[Code::CustomerDisabled]);
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
