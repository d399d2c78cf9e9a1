//! POST /v1/customers/{customerKey}/departments, and of a client: creates a department.

use domain::{
    Entity, Result,
    department::{self, Department},
};
use runtime::{Body, Caller, Context, Created, Endpoint, Request, Spec, access::EditStructure};
use table::parts::Parts;

pub struct CreateDepartment;

impl Endpoint for CreateDepartment {
    const SPEC: Spec = Spec::post(
        "create-department",
        "/v1/customers/{customerKey}/departments",
        "Create a department of a customer or client.",
    )
    .also("/v1/customers/{customerKey}/clients/{clientKey}/departments")
    .takes(Body::Create(department::FIELDS))
    .performs(&[Parts::<Department>::CREATE]);
    type Permission = EditStructure;
    type Answer = Created<Department>;

    async fn handle(ctx: &Context, caller: Caller<EditStructure>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        let department = Department::new(ctx.new_key(), request.body.clone(), change.now, &caller.actor)?;
        ctx.parts::<Department>()
            .create(caller.owner(), &department, &change)
            .await?;
        Ok(Created(department))
    }
}
