//! GET /v1/tenants/{bootstrapTenantKey}: the tenant customer that holds a bootstrap key.

use domain::{Code, Result, customer};
use runtime::{Answer, Caller, Context, Endpoint, Grant, Reply, Request, Spec, access::ViewAllCustomers};
use table::keys::{Family, Index};

pub struct GetTenant;

impl Endpoint for GetTenant {
    const SPEC: Spec = Spec::get(
        "get-tenant",
        "/v1/tenants/{bootstrapTenantKey}",
        "Find the tenant customer that holds a bootstrap key.",
    )
    .answers(Answer::Entity {
        name: "Customer",
        fields: customer::view_fields,
    })
    .grants(&[Grant::query(Index::Tenants, Family::Tenant)])
    .codes(&[Code::TenantNotFound]);
    type Permission = ViewAllCustomers;

    async fn handle(ctx: &Context, caller: Caller<ViewAllCustomers>, request: Request) -> Result<Reply> {
        let key = request.path("bootstrapTenantKey");
        let customer = ctx.customers().by_bootstrap_tenant_key(caller.platform(), key).await?;
        Reply::entity(&customer)
    }
}
