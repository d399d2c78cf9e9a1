//! GET /v1/tenants/{bootstrapTenantKey}: reads the tenant customer that claimed this bootstrap tenant key.

use domain::{Result, customer::Customer};
use runtime::{Caller, Context, Endpoint, Found, Request, Spec, access::ViewAllCustomers};
use table::customers::Customers;

pub struct GetTenant;

impl Endpoint for GetTenant {
    const SPEC: Spec = Spec::get(
        "get-tenant",
        "/v1/tenants/{bootstrapTenantKey}",
        "Read the tenant customer that claimed this bootstrap tenant key.",
    )
    .performs(&[Customers::BY_BOOTSTRAP_TENANT_KEY]);
    type Permission = ViewAllCustomers;
    type Answer = Found<Customer>;

    async fn handle(ctx: &Context, caller: Caller<ViewAllCustomers>, request: Request) -> Result<Self::Answer> {
        let key = request.path("bootstrapTenantKey");
        let customer = ctx.customers().by_bootstrap_tenant_key(caller.platform(), key).await?;
        Ok(Found(customer))
    }
}
