//! PATCH /v1/customers/{customerKey}: change a customer by JSON Merge Patch.

use domain::customer::Customer;
use domain::{Code, Result, customer};
use runtime::{Body, Caller, Context, Endpoint, Found, Grant, Request, Spec, access::EditCustomer, spec::Action};
use table::keys::Family;

pub struct UpdateCustomer;

impl Endpoint for UpdateCustomer {
    const SPEC: Spec = Spec::patch("update-customer", "/v1/customers/{customerKey}", "Change a customer.")
        .takes(Body::Patch(customer::FIELDS))
        .grants(&[
            Grant::on(Family::Customer, Action::GetItem),
            Grant::on(Family::Customer, Action::PutItem),
            Grant::on(Family::Customer, Action::UpdateItem),
            Grant::on(Family::External, Action::PutItem),
            Grant::on(Family::External, Action::DeleteItem),
        ])
        .codes(&[Code::Conflict, Code::CustomerDisabled]);
    type Permission = EditCustomer;
    type Answer = Found<Customer>;

    async fn handle(ctx: &Context, caller: Caller<EditCustomer>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        let customer = ctx
            .customers()
            .patch(caller.tenant(), &request.body, request.if_match, &change)
            .await?;
        Ok(Found(customer))
    }
}
