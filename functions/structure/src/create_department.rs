//! POST /v1/customers/{customerKey}/departments, and of a client: make a department.

use domain::{
    Code, Entity, Result,
    department::{self, Department},
};
use runtime::{
    Answer, Body, Caller, Context, Endpoint, Grant, Reply, Request, Spec, access::EditStructure, spec::Action,
};
use table::keys::Family;

pub struct CreateDepartment;

impl Endpoint for CreateDepartment {
    const SPEC: Spec = Spec::post(
        "create-department",
        "/v1/customers/{customerKey}/departments",
        "Make a department of a customer or client.",
    )
    .also("/v1/customers/{customerKey}/clients/{clientKey}/departments")
    .takes(Body::Create(department::FIELDS))
    .answers(Answer::Created {
        name: "Department",
        fields: department::view_fields,
    })
    .grants(&[
        Grant::on(Family::Customer, Action::ConditionCheckItem),
        Grant::on(Family::Customer, Action::PutItem),
    ])
    .codes(&[Code::Conflict, Code::CustomerDisabled]);
    type Permission = EditStructure;

    async fn handle(ctx: &Context, caller: Caller<EditStructure>, request: Request) -> Result<Reply> {
        let change = request.change(ctx, &caller.actor);
        let department = Department::new(ctx.new_key(), request.body.clone(), change.now, &caller.actor)?;
        ctx.parts::<Department>()
            .create(caller.owner(), &department, &change)
            .await?;
        Reply::entity(&department)
    }
}
