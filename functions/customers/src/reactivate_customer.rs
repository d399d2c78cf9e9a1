//! POST /v1/customers/{customerKey}/reactivate: enable a deactivated customer again, while its window is open.

use domain::customer::Customer;
use domain::{Code, Result};
use runtime::{Body, Caller, Context, Endpoint, Found, Grant, Request, Spec, access::GovernAccount, spec::Action};
use table::keys::Family;

pub struct ReactivateCustomer;

impl Endpoint for ReactivateCustomer {
    const SPEC: Spec = Spec::post(
        "reactivate-customer",
        "/v1/customers/{customerKey}/reactivate",
        "Reactivate a customer, while its window is open.",
    )
    .takes(Body::Action(&[]))
    .grants(&[
        Grant::on(Family::Customer, Action::GetItem),
        Grant::on(Family::Customer, Action::PutItem),
        Grant::on(Family::Audit, Action::PutItem),
    ])
    .codes(&[Code::Conflict, Code::ReactivationWindowClosed]);
    type Permission = GovernAccount;
    type Answer = Found<Customer>;

    async fn handle(ctx: &Context, caller: Caller<GovernAccount>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        let customer = ctx
            .customers()
            .reactivate(caller.tenant(), request.if_match, &change)
            .await?;
        Ok(Found(customer))
    }
}
