//! POST /v1/customers: make a customer. A tenant customer claims its bootstrap key in the same transaction.

use domain::{
    Code, Entity, Result,
    customer::{self, Customer},
};
use runtime::{
    Answer, Body, Caller, Context, Endpoint, Grant, Reply, Request, Spec, access::EditAllCustomers, spec::Action,
};
use table::keys::Family;

pub struct CreateCustomer;

impl Endpoint for CreateCustomer {
    const SPEC: Spec = Spec::post("create-customer", "/v1/customers", "Make a customer.")
        .takes(Body::Create(customer::FIELDS))
        .rules(customer::rules_of_new)
        .answers(Answer::Created {
            name: "Customer",
            fields: customer::view_fields,
        })
        .grants(&[
            Grant::on(Family::Customer, Action::PutItem),
            Grant::on(Family::Tenant, Action::PutItem),
            Grant::on(Family::Tenant, Action::ConditionCheckItem),
            Grant::on(Family::External, Action::PutItem),
        ])
        .codes(&[Code::TenantNotFound, Code::Conflict]);
    type Permission = EditAllCustomers;

    async fn handle(ctx: &Context, caller: Caller<EditAllCustomers>, request: Request) -> Result<Reply> {
        let change = request.change(ctx, &caller.actor);
        let customer = Customer::new(ctx.new_key(), request.body.clone(), change.now, &caller.actor)?;
        ctx.customers().create(caller.platform(), &customer, &change).await?;
        Reply::entity(&customer)
    }
}
