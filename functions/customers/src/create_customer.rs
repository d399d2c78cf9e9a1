//! POST /v1/customers: creates a customer. A tenant customer claims its bootstrap tenant key in the same transaction.

use domain::{
    Entity, Result,
    customer::{self, Customer},
};
use runtime::{Body, Caller, Context, Created, Endpoint, Request, Spec, access::EditAllCustomers};
use table::customers::Customers;

pub struct CreateCustomer;

impl Endpoint for CreateCustomer {
    const SPEC: Spec = Spec::post("create-customer", "/v1/customers", "Create a customer. A tenant customer claims its bootstrap tenant key; any other customer names the key of an existing tenant.")
        .takes(Body::Create(customer::FIELDS))
        .together(customer::TOGETHER_IN_NEW)
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
