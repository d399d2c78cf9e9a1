//! DELETE /v1/customers/{customerKey}/departments/{departmentKey}, and of a client: deletes a department.

use domain::{Result, department::Department};
use runtime::{Caller, Context, Endpoint, Nothing, Request, Spec, access::EditStructure};
use table::parts::Parts;

pub struct DeleteDepartment;

impl Endpoint for DeleteDepartment {
    const SPEC: Spec = Spec::delete(
        "delete-department",
        "/v1/customers/{customerKey}/departments/{departmentKey}",
        "Delete a department of a customer or client.",
    )
    .also("/v1/customers/{customerKey}/clients/{clientKey}/departments/{departmentKey}")
    .performs(&[Parts::<Department>::DELETE]);
    type Permission = EditStructure;
    type Answer = Nothing;

    async fn handle(ctx: &Context, caller: Caller<EditStructure>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        ctx.parts::<Department>()
            .delete(caller.owner(), request.key()?, request.if_match, &change)
            .await?;
        Ok(Nothing)
    }
}
