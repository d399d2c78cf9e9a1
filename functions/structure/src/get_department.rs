//! GET /v1/customers/{customerKey}/departments/{departmentKey}, and of a client: read one department.

use domain::{
    Result,
    department::{self, Department},
};
use runtime::{Answer, Caller, Context, Endpoint, Grant, Reply, Request, Spec, access::ViewStructure, spec::Action};
use table::keys::Family;

pub struct GetDepartment;

impl Endpoint for GetDepartment {
    const SPEC: Spec = Spec::get(
        "get-department",
        "/v1/customers/{customerKey}/departments/{departmentKey}",
        "Read a department of a customer or client.",
    )
    .also("/v1/customers/{customerKey}/clients/{clientKey}/departments/{departmentKey}")
    .answers(Answer::Entity {
        name: "Department",
        fields: department::view_fields,
    })
    .grants(&[Grant::on(Family::Customer, Action::GetItem)]);
    type Permission = ViewStructure;

    async fn handle(ctx: &Context, caller: Caller<ViewStructure>, request: Request) -> Result<Reply> {
        Reply::entity(&ctx.parts::<Department>().get(caller.owner(), request.key()?).await?)
    }
}
