//! POST /v1/customers: creates a customer. A tenant customer claims its bootstrap tenant key in the same transaction.

use domain::{
    Entity, Result,
    customer::{self, Customer},
};
use runtime::{Body, Caller, Context, Created, Endpoint, Request, Spec, access::EditAllCustomers};
use serde_json::json;
use table::customers::Customers;

pub struct CreateCustomer;

impl Endpoint for CreateCustomer {
    const SPEC: Spec = Spec::post("create-customer", "/v1/customers", "Create a customer. A tenant customer claims its bootstrap tenant key; any other customer names the key of an existing tenant.")
        .takes(Body::Create(customer::FIELDS))
        .rules(customer::rules_of_new)
        .performs(&[Customers::CREATE]);
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
