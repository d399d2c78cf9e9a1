//! POST /v1/customers: make a customer. A tenant customer claims its bootstrap key in the same transaction.

use domain::{
    Entity, Result,
    customer::{self, Customer},
};
use runtime::{Body, Caller, Context, Created, Endpoint, Request, Spec, access::EditAllCustomers};
use table::customers::Customers;

pub struct CreateCustomer;

impl Endpoint for CreateCustomer {
    const SPEC: Spec = Spec::post("create-customer", "/v1/customers", "Make a customer.")
        .takes(Body::Create(customer::FIELDS))
        .rules(customer::rules_of_new)
        .performs(&[Customers::CREATE]);
    type Permission = EditAllCustomers;
    type Answer = Created<Customer>;

    async fn handle(ctx: &Context, caller: Caller<EditAllCustomers>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        let customer = Customer::new(ctx.new_key(), request.body.clone(), change.now, &caller.actor)?;
        ctx.customers().create(caller.platform(), &customer, &change).await?;
        Ok(Created(customer))
    }
}
