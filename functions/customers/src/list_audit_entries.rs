//! GET /v1/customers/{customerKey}/audit: who did what, newest first. It can still be read after the customer was deleted.

use domain::{Result, audit, fields::Field};
use runtime::{Answer, Caller, Context, Endpoint, Grant, Reply, Request, Spec, access::EditCustomer, spec::Action};
use table::keys::Family;

pub struct ListAuditEntries;

fn view() -> Vec<Field> {
    audit::FIELDS.to_vec()
}

impl Endpoint for ListAuditEntries {
    const SPEC: Spec = Spec::get(
        "list-audit-entries",
        "/v1/customers/{customerKey}/audit",
        "List a customer's audit trail, newest first.",
    )
    .answers(Answer::Page {
        name: "AuditEntry",
        fields: view,
    })
    .grants(&[Grant::on(Family::Audit, Action::Query)]);
    type Permission = EditCustomer;

    async fn handle(ctx: &Context, caller: Caller<EditCustomer>, request: Request) -> Result<Reply> {
        let page = request.page(ctx)?;
        let (entries, next) = ctx.audit().list(caller.tenant(), &page).await?;
        Reply::page(entries, request.next_cursor(ctx, next))
    }
}
