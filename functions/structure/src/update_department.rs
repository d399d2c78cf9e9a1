//! PATCH /v1/customers/{customerKey}/departments/{departmentKey}, and of a client: updates a department by JSON Merge Patch.

use domain::{
    Result,
    department::{self, Department},
};
use runtime::{Body, Caller, Context, Endpoint, Found, Request, Spec, access::EditStructure};
use table::parts::Parts;

pub struct UpdateDepartment;

impl Endpoint for UpdateDepartment {
    const SPEC: Spec = Spec::patch(
        "update-department",
        "/v1/customers/{customerKey}/departments/{departmentKey}",
        "Update a department of a customer or client.",
    )
    .also("/v1/customers/{customerKey}/clients/{clientKey}/departments/{departmentKey}")
    .takes(Body::Patch(department::FIELDS))
    .performs(&[Parts::<Department>::PATCH]);
    type Permission = EditStructure;
    type Answer = Found<Department>;

    async fn handle(ctx: &Context, caller: Caller<EditStructure>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        let department = ctx
            .parts::<Department>()
            .patch(caller.owner(), request.key()?, &request.body, request.if_match, &change)
            .await?;
        Ok(Found(department))
    }
}
