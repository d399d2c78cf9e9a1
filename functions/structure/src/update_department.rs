//! PATCH /v1/customers/{customerKey}/departments/{departmentKey}, and of a client: change a department by JSON Merge Patch.

use domain::{
    Code, Result,
    department::{self, Department},
};
use runtime::{Body, Caller, Context, Endpoint, Found, Grant, Request, Spec, access::EditStructure, spec::Action};
use table::keys::Family;

pub struct UpdateDepartment;

impl Endpoint for UpdateDepartment {
    const SPEC: Spec = Spec::patch(
        "update-department",
        "/v1/customers/{customerKey}/departments/{departmentKey}",
        "Change a department of a customer or client.",
    )
    .also("/v1/customers/{customerKey}/clients/{clientKey}/departments/{departmentKey}")
    .takes(Body::Patch(department::FIELDS))
    .grants(&[
        Grant::on(Family::Customer, Action::GetItem),
        Grant::on(Family::Customer, Action::ConditionCheckItem),
        Grant::on(Family::Customer, Action::PutItem),
        Grant::on(Family::Customer, Action::DeleteItem),
    ])
    .codes(&[Code::Conflict, Code::CustomerDisabled]);
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
