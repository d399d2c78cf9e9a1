//! GET /v1/customers/external/{externalId}: reads the customer with this external id.

use domain::{Result, customer::Customer, text};
use runtime::{Caller, Context, Endpoint, Found, Request, Spec, access::ViewAllCustomers};
use table::customers::Customers;

pub struct GetCustomerByExternalId;

impl Endpoint for GetCustomerByExternalId {
    const SPEC: Spec = Spec::get(
        "get-customer-by-external-id",
        "/v1/customers/external/{externalId}",
        "Read the customer with this external id, its id in another system.",
    )
    .performs(&[Customers::BY_EXTERNAL_ID]);
    type Permission = ViewAllCustomers;
    type Answer = Found<Customer>;

    async fn handle(ctx: &Context, caller: Caller<ViewAllCustomers>, request: Request) -> Result<Self::Answer> {
        let customer = ctx
            .customers()
            // Stored ids are in the normal form of text.
            .by_external_id(caller.platform(), &text::normal(request.path("externalId")))
            .await?;
        Ok(Found(customer))
    }
}
