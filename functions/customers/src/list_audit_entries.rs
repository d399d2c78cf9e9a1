//! GET /v1/customers/{customerKey}/audit: lists a customer's audit trail, newest first, also after its deletion.

use domain::{Result, audit::AuditEntry};
use runtime::{Caller, Context, Endpoint, Listed, Request, Spec, access::EditCustomer};
use table::audit::Audit;

pub struct ListAuditEntries;

impl Endpoint for ListAuditEntries {
    const SPEC: Spec = Spec::get(
        "list-audit-entries",
        "/v1/customers/{customerKey}/audit",
        "List a customer's audit trail, newest first. It remains after the customer is deleted.",
    )
    .performs(&[Audit::LIST]);
    type Permission = EditCustomer;
    type Answer = Listed<AuditEntry>;

    async fn handle(ctx: &Context, caller: Caller<EditCustomer>, request: Request) -> Result<Self::Answer> {
        let page = request.page(ctx)?;
        let (entries, next) = ctx.audit().list(caller.tenant(), &page).await?;
        Ok(Listed::new(entries, request.next_cursor(ctx, next)))
    }
}
