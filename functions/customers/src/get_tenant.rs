//! GET /v1/tenants/{bootstrapTenantKey}: the tenant customer that holds a bootstrap key.

use domain::customer::Customer;
use domain::{Code, Result};
use runtime::{Caller, Context, Endpoint, Found, Grant, Request, Spec, access::ViewAllCustomers};
use table::keys::{Family, Index};

pub struct GetTenant;

impl Endpoint for GetTenant {
    const SPEC: Spec = Spec::get(
        "get-tenant",
        "/v1/tenants/{bootstrapTenantKey}",
        "Find the tenant customer that holds a bootstrap key.",
    )
    .grants(&[Grant::query(Index::Tenants, Family::Tenant)])
    .codes(&[Code::TenantNotFound]);
    type Permission = ViewAllCustomers;
    type Answer = Found<Customer>;

    async fn handle(ctx: &Context, caller: Caller<ViewAllCustomers>, request: Request) -> Result<Self::Answer> {
        let key = request.path("bootstrapTenantKey");
        let customer = ctx.customers().by_bootstrap_tenant_key(caller.platform(), key).await?;
        Ok(Found(customer))
    }
}
