//! DELETE /v1/customers/{customerKey}: delete a customer. Its bootstrap tenant key stays taken, its audit trail stays.

use domain::Result;
use runtime::{Caller, Context, Deleted, Endpoint, Grant, Request, Spec, access::EditAnyCustomer, spec::Action};
use table::cascades::DeletionPreview;
use table::keys::Family;

pub struct DeleteCustomer;

impl Endpoint for DeleteCustomer {
    const SPEC: Spec = Spec::delete(
        "delete-customer",
        "/v1/customers/{customerKey}",
        "Delete a customer with all that belongs to it.",
    )
    .grants(&[
        Grant::on(Family::Customer, Action::GetItem),
        Grant::on(Family::Customer, Action::Query),
        Grant::on(Family::Customer, Action::PutItem),
        Grant::on(Family::Customer, Action::DeleteItem),
        Grant::on(Family::Tenant, Action::PutItem),
        Grant::on(Family::External, Action::DeleteItem),
    ]);
    type Permission = EditAnyCustomer;
    type Answer = Deleted<DeletionPreview>;

    async fn handle(ctx: &Context, caller: Caller<EditAnyCustomer>, request: Request) -> Result<Self::Answer> {
        if request.is_dry_run() {
            return Ok(Deleted::Preview(
                ctx.table.cascades().preview_customer_deletion(caller.tenant()).await?,
            ));
        }
        let change = request.change(ctx, &caller.actor);
        ctx.customers()
            .delete(caller.tenant(), request.if_match, &change)
            .await?;
        Ok(Deleted::Done)
    }
}
