//! POST /v1/customers/{customerKey}/reactivate: reactivates a customer until its window ends.

use domain::{
    Error, Permission, Result,
    customer::{Customer, Deactivation},
    deactivation::DeactivatedBy,
};
use runtime::{Body, Caller, Context, Endpoint, Found, Request, Spec, access::GovernAccount};
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
                |deactivation| check_capacity(deactivation, caller.capacity.deactivates_as()),
                request.if_match,
                &change,
            )
            .await?;
        Ok(Found(customer))
    }
}

/// Nobody undoes the deactivation of somebody above them.
fn check_capacity(deactivation: &Deactivation, caller: DeactivatedBy) -> Result<()> {
    if caller >= deactivation.by {
        return Ok(());
    }
    let (permission, reason) = match deactivation.by {
        DeactivatedBy::Platform => (
            Permission::PlatformAdminEditAllCustomers,
            "platform staff deactivated the customer",
        ),
        DeactivatedBy::Parent | DeactivatedBy::Itself => (
            Permission::EditClient,
            "the customer whose client has this account deactivated it, and reactivates it as its parent",
        ),
    };
    Err(Error::Forbidden { permission, reason })
}
