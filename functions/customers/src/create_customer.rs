//! POST /v1/customers: make a customer. A tenant customer claims its bootstrap key in the same transaction.

use domain::{
    Code, Entity, Result,
    customer::{self, Customer},
};
use runtime::{Body, Caller, Context, Created, Endpoint, Grant, Request, Spec, access::EditAllCustomers, spec::Action};
use serde_json::json;
use table::keys::Family;

pub struct CreateCustomer;

impl Endpoint for CreateCustomer {
    const SPEC: Spec = Spec::post("create-customer", "/v1/customers", "Make a customer.")
        .takes(Body::Create(customer::FIELDS))
        .rules(customer::rules_of_new)
        .grants(&[
            Grant::on(Family::Customer, Action::PutItem),
            Grant::on(Family::Tenant, Action::PutItem),
            Grant::on(Family::Tenant, Action::ConditionCheckItem),
            Grant::on(Family::External, Action::PutItem),
        ])
        .codes(&[Code::TenantNotFound, Code::Conflict]);
    type Permission = EditAllCustomers;
    type Answer = Created<Customer>;

    async fn handle(ctx: &Context, caller: Caller<EditAllCustomers>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        let key = ctx.new_key();
        let mut body = request.body.clone();
        if !body.contains_key("bootstrapTenantKey") {
            body.insert("bootstrapTenantKey".into(), json!(customer::generated_tenant_key(key)));
        }
        let customer = Customer::new(key, body, change.now, &caller.actor)?;
        ctx.customers().create(caller.platform(), &customer, &change).await?;
        Ok(Created(customer))
    }
}
