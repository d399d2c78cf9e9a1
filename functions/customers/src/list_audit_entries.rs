//! GET /v1/customers/{customerKey}/audit: lists a customer's audit trail, newest first, also after its deletion.

use domain::{
    Error, Result,
    audit::AuditEntry,
    fields::{Field, Rule},
};
use runtime::{Caller, Context, Endpoint, Listed, Request, Spec, access::ViewAudit};
use table::audit::{Audit, AuditFilter};

pub struct ListAuditEntries;

const FILTERS: &[Field] = &[
    Field::new(
        "action",
        Rule::Text { min: 1, max: 100 },
        "Only entries with this action, such as CUSTOMER_UPDATED.",
    ),
    Field::new(
        "actor",
        Rule::Text { min: 1, max: 255 },
        "Only entries of the actor with this id.",
    ),
    Field::new(
        "entity",
        Rule::Text { min: 1, max: 50 },
        "Only entries about the entity with this key.",
    ),
    Field::new("from", Rule::Time, "Only entries at this time or later."),
    Field::new("to", Rule::Time, "Only entries before this time."),
];

impl Endpoint for ListAuditEntries {
    const SPEC: Spec = Spec::get(
        "list-audit-entries",
        "/v1/customers/{customerKey}/audit",
        "List a customer's audit trail, newest first. It remains after the customer is deleted. A page examines at most 1,000 entries, so a filtered page may be short or empty and still have a `nextCursor`.",
    )
    .filters(FILTERS)
    .performs(&[Audit::LIST]);
    type Permission = ViewAudit;
    type Answer = Listed<AuditEntry>;

    async fn handle(ctx: &Context, caller: Caller<ViewAudit>, request: Request) -> Result<Self::Answer> {
        let filter: AuditFilter = request.filter()?;
        if let (Some(from), Some(to)) = (filter.from, filter.to)
            && from > to
        {
            return Err(Error::invalid("to", "must not be before `from`"));
        }
        let page = request.page(ctx)?;
        let (entries, next) = ctx.audit().list(caller.tenant(), &filter, &page).await?;
        Ok(Listed::new(entries, request.next_cursor(ctx, next)))
    }
}
