//! GET /v1/customers/{customerKey}: read one customer: the caller's own, an account of the caller's clients, or, for platform staff, any.

use domain::{Result, customer};
use runtime::{Answer, Caller, Context, Endpoint, Grant, Reply, Request, Spec, access::ViewAccount, spec::Action};
use table::keys::Family;

pub struct GetCustomer;

impl Endpoint for GetCustomer {
    const SPEC: Spec = Spec::get("get-customer", "/v1/customers/{customerKey}", "Read a customer.")
        .answers(Answer::Entity {
            name: "Customer",
            fields: customer::view_fields,
        })
        .grants(&[Grant::on(Family::Customer, Action::GetItem)]);
    type Permission = ViewAccount;

    async fn handle(ctx: &Context, caller: Caller<ViewAccount>, _: Request) -> Result<Reply> {
        Reply::entity(&ctx.customers().get(caller.tenant()).await?)
    }
}
