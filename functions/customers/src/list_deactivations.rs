//! GET /v1/customers/{customerKey}/deactivations: when and why a customer was deactivated, newest first.

use domain::{Result, deactivation, fields::Field};
use runtime::{Answer, Caller, Context, Endpoint, Grant, Reply, Request, Spec, access::ViewCustomer, spec::Action};
use table::keys::Family;

pub struct ListDeactivations;

fn view() -> Vec<Field> {
    deactivation::LOG.to_vec()
}

impl Endpoint for ListDeactivations {
    const SPEC: Spec = Spec::get(
        "list-deactivations",
        "/v1/customers/{customerKey}/deactivations",
        "List a customer's deactivations, newest first.",
    )
    .answers(Answer::Page {
        name: "Deactivation",
        fields: view,
    })
    .grants(&[
        Grant::on(Family::Customer, Action::Query),
        Grant::on(Family::Customer, Action::GetItem),
    ]);
    type Permission = ViewCustomer;

    async fn handle(ctx: &Context, caller: Caller<ViewCustomer>, request: Request) -> Result<Reply> {
        let page = request.page(ctx)?;
        let (entries, next) = ctx.customers().deactivations(caller.tenant(), &page).await?;
        Reply::page(entries, request.next_cursor(ctx, next))
    }
}
