//! GET /v1/customers/{customerKey}/departments/{departmentKey}, and of a client: reads a department.

use domain::{Result, department::Department};
use runtime::{Caller, Context, Endpoint, Found, Request, Spec, access::ViewStructure};
use table::parts::Parts;

pub struct GetDepartment;

impl Endpoint for GetDepartment {
    const SPEC: Spec = Spec::get(
        "get-department",
        "/v1/customers/{customerKey}/departments/{departmentKey}",
        "Read a department of a customer or client.",
    )
    .also("/v1/customers/{customerKey}/clients/{clientKey}/departments/{departmentKey}")
    .performs(&[Parts::<Department>::GET]);
    type Permission = ViewStructure;
    type Answer = Found<Department>;

    async fn handle(ctx: &Context, caller: Caller<ViewStructure>, request: Request) -> Result<Self::Answer> {
        Ok(Found(
            ctx.parts::<Department>().get(caller.owner(), request.key()?).await?,
        ))
    }
}
