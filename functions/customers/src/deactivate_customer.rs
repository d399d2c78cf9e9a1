//! POST /v1/customers/{customerKey}/deactivate: disable a customer, with feedback and a window in which it can come back.

use domain::{
    Error, Permission, Result,
    customer::Customer,
    deactivation::{self, DeactivationRequest},
};
use runtime::{Body, Caller, Context, Endpoint, Found, Request, Spec, access::GovernAccount};
use table::customers::Customers;

pub struct DeactivateCustomer;

impl Endpoint for DeactivateCustomer {
    const SPEC: Spec = Spec::post(
        "deactivate-customer",
        "/v1/customers/{customerKey}/deactivate",
        "Deactivate a customer, with a window in which it can be reactivated.",
    )
    .takes(Body::Action(deactivation::REQUEST))
    .performs(&[Customers::DEACTIVATE]);
    type Permission = GovernAccount;
    type Answer = Found<Customer>;

    async fn handle(ctx: &Context, caller: Caller<GovernAccount>, request: Request) -> Result<Self::Answer> {
        let asked: DeactivationRequest = request.body()?;
        let change = request.change(ctx, &caller.actor);
        let is_platform = caller.is_platform();
        let may = |customer: &Customer| {
            if customer.is_tenant_customer && !is_platform {
                return Err(Error::Forbidden {
                    permission: Permission::PlatformAdminEditAllCustomers,
                    reason: "a tenant customer is deactivated by platform staff",
                });
            }
            Ok(())
        };
        let customers = ctx.customers();
        let customer = customers
            .deactivate(caller.tenant(), &asked, may, request.if_match, &change)
            .await?;
        Ok(Found(customer))
    }
}
