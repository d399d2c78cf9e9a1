//! POST /v1/customers/{customerKey}/reactivate: reactivates a customer until its window ends.

use domain::{Result, customer::Customer};
use runtime::{
    Body, Caller, Context, Endpoint, Found, Request, Spec,
    access::{GovernAccount, may_undo},
};
use table::customers::Customers;

pub struct ReactivateCustomer;

impl Endpoint for ReactivateCustomer {
    const SPEC: Spec = Spec::post(
        "reactivate-customer",
        "/v1/customers/{customerKey}/reactivate",
        "Reactivate a customer, in the capacity in which it was deactivated or a higher one. Possible until its reactivation window ends. Expired API keys stay expired.",
    )
    .takes(Body::Action(&[]))
    .performs(&[Customers::REACTIVATE]);
    type Permission = GovernAccount;
    type Answer = Found<Customer>;

    async fn handle(ctx: &Context, caller: Caller<GovernAccount>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        let customer = ctx
            .customers()
            .reactivate(
                caller.tenant(),
                |deactivation| may_undo(caller.capacity.deactivates_as(), deactivation.by),
                request.if_match,
                &change,
            )
            .await?;
        Ok(Found(customer))
    }
}
