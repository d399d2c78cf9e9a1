//! GET /v1/customers/external/{externalId}: the customer with this id in another system.

use domain::customer::Customer;
use domain::{Code, Result};
use runtime::{Caller, Context, Endpoint, Found, Grant, Request, Spec, access::ViewAllCustomers};
use table::keys::{Family, Index};

pub struct GetCustomerByExternalId;

impl Endpoint for GetCustomerByExternalId {
    const SPEC: Spec = Spec::get(
        "get-customer-by-external-id",
        "/v1/customers/external/{externalId}",
        "Find a customer by its id in another system.",
    )
    .grants(&[Grant::query(Index::ExternalIds, Family::External)])
    .codes(&[Code::NotFound]);
    type Permission = ViewAllCustomers;
    type Answer = Found<Customer>;

    async fn handle(ctx: &Context, caller: Caller<ViewAllCustomers>, request: Request) -> Result<Self::Answer> {
        let customer = ctx
            .customers()
            .by_external_id(caller.platform(), request.path("externalId"))
            .await?;
        Ok(Found(customer))
    }
}
