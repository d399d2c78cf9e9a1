//! POST /v1/customers/{customerKey}/deactivate: deactivates a customer, with a reactivation window and optional feedback.

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
        "Deactivate a customer. It can be reactivated until the window ends, 21 days later by default. Its API keys stop working at once.",
    )
    .takes(Body::Action(deactivation::REQUEST))
    .performs(&[Customers::DEACTIVATE]);
    type Permission = GovernAccount;
    type Answer = Found<Customer>;

    async fn handle(ctx: &Context, caller: Caller<GovernAccount>, request: Request) -> Result<Self::Answer> {
        let deactivation: DeactivationRequest = request.body()?;
        let change = request.change(ctx, &caller.actor);
        let is_platform = caller.is_platform();
        let check_permission = |customer: &Customer| {
            if customer.is_tenant_customer && !is_platform {
                return Err(Error::Forbidden {
                    permission: Permission::PlatformAdminEditAllCustomers,
                    reason: "only platform staff may deactivate a tenant customer",
                });
            }
            Ok(())
        };
        let customers = ctx.customers();
        let customer = customers
            .deactivate(
                caller.tenant(),
                caller.capacity.deactivates_as(),
                &deactivation,
                check_permission,
                request.if_match,
                &change,
            )
            .await?;
        Ok(Found(customer))
    }
}
