//! PATCH /v1/customers/{customerKey}: updates a customer by JSON Merge Patch.

use domain::{
    Result,
    customer::{self, Customer},
};
use runtime::{Body, Caller, Context, Endpoint, Found, Request, Spec, access::EditCustomer};
use table::customers::Customers;

pub struct UpdateCustomer;

impl Endpoint for UpdateCustomer {
    const SPEC: Spec = Spec::patch("update-customer", "/v1/customers/{customerKey}", "Update a customer.")
        .takes(Body::Patch(customer::FIELDS))
        .performs(&[Customers::PATCH]);
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
