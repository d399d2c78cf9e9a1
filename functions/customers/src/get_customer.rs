//! GET /v1/customers/{customerKey}: reads a customer: the caller's own, an account of one of its clients, or any for platform staff.

use domain::{Result, customer::Customer};
use runtime::{Caller, Context, Endpoint, Found, Request, Spec, access::ViewAccount};
use table::customers::Customers;

pub struct GetCustomer;

impl Endpoint for GetCustomer {
    const SPEC: Spec =
        Spec::get("get-customer", "/v1/customers/{customerKey}", "Read a customer.").performs(&[Customers::GET]);
    type Permission = ViewAccount;
    type Answer = Found<Customer>;

    async fn handle(ctx: &Context, caller: Caller<ViewAccount>, _: Request) -> Result<Self::Answer> {
        Ok(Found(ctx.customers().get(caller.tenant()).await?))
    }
}
