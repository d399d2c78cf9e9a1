//! GET /v1/customers/{customerKey}/deactivations: lists when and why a customer was deactivated, newest first.

use domain::{Result, deactivation::LoggedDeactivation};
use runtime::{Caller, Context, Endpoint, Listed, Request, Spec, access::ViewAccount};
use table::customers::Customers;

pub struct ListDeactivations;

impl Endpoint for ListDeactivations {
    const SPEC: Spec = Spec::get(
        "list-deactivations",
        "/v1/customers/{customerKey}/deactivations",
        "List a customer's deactivations with their feedback, newest first.",
    )
    .performs(&[Customers::DEACTIVATIONS]);
    type Permission = ViewAccount;
    type Answer = Listed<LoggedDeactivation>;

    async fn handle(ctx: &Context, caller: Caller<ViewAccount>, request: Request) -> Result<Self::Answer> {
        let page = request.page(ctx)?;
        let (entries, next) = ctx.customers().deactivations(caller.tenant(), &page).await?;
        Ok(Listed::new(entries, request.next_cursor(ctx, next)))
    }
}
