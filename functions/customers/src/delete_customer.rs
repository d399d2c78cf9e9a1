//! DELETE /v1/customers/{customerKey}: deletes a customer. Its bootstrap tenant key stays taken and its audit trail stays.

use domain::Result;
use runtime::{Caller, Context, Deleted, Endpoint, Request, Spec, access::EditAnyCustomer};
use table::{
    cascades::{Cascades, DeletionPreview},
    customers::Customers,
};

pub struct DeleteCustomer;

impl Endpoint for DeleteCustomer {
    const SPEC: Spec = Spec::delete(
        "delete-customer",
        "/v1/customers/{customerKey}",
        "Delete a customer and everything that belongs to it, except its audit trail. Its clients' accounts remain, disabled.",
    )
    .performs(&[Cascades::PREVIEW_CUSTOMER_DELETION, Customers::DELETE]);
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
