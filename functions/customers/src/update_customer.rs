//! PATCH /v1/customers/{customerKey}: change a customer by JSON Merge Patch.

use domain::{Code, Result, customer};
use runtime::{
    Answer, Body, Caller, Context, Endpoint, Grant, Reply, Request, Spec, access::EditCustomer, spec::Action,
};
use table::keys::Family;

pub struct UpdateCustomer;

impl Endpoint for UpdateCustomer {
    const SPEC: Spec = Spec::patch("update-customer", "/v1/customers/{customerKey}", "Change a customer.")
        .takes(Body::Patch(customer::FIELDS))
        .answers(Answer::Entity {
            name: "Customer",
            fields: customer::view_fields,
        })
        .grants(&[
            Grant::on(Family::Customer, Action::GetItem),
            Grant::on(Family::Customer, Action::PutItem),
            Grant::on(Family::Customer, Action::UpdateItem),
            Grant::on(Family::External, Action::PutItem),
            Grant::on(Family::External, Action::DeleteItem),
        ])
        .codes(&[Code::Conflict, Code::CustomerDisabled]);
    type Permission = EditCustomer;

    async fn handle(ctx: &Context, caller: Caller<EditCustomer>, request: Request) -> Result<Reply> {
        let change = request.change(ctx, &caller.actor);
        let customer = ctx
            .customers()
            .patch(caller.tenant(), &request.body, request.if_match, &change)
            .await?;
        Reply::entity(&customer)
    }
}
