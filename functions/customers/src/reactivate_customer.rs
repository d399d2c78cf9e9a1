//! POST /v1/customers/{customerKey}/reactivate: enable a deactivated customer again, while its window is open.

use domain::Result;
use domain::customer::Customer;
use runtime::{Body, Caller, Context, Endpoint, Found, Request, Spec, access::GovernAccount};
use table::customers::Customers;

pub struct ReactivateCustomer;

impl Endpoint for ReactivateCustomer {
    const SPEC: Spec = Spec::post(
        "reactivate-customer",
        "/v1/customers/{customerKey}/reactivate",
        "Reactivate a customer, while its window is open.",
    )
    .takes(Body::Action(&[]))
    .performs(&[Customers::REACTIVATE]);
    type Permission = GovernAccount;
    type Answer = Found<Customer>;

    async fn handle(ctx: &Context, caller: Caller<GovernAccount>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        let customer = ctx
            .customers()
            .reactivate(caller.tenant(), request.if_match, &change)
            .await?;
        Ok(Found(customer))
    }
}
