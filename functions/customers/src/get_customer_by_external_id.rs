//! GET /v1/customers/external/{externalId}: the customer with this id in another system.

use domain::{Code, Result, customer};
use runtime::{Answer, Caller, Context, Endpoint, Grant, Reply, Request, Spec, access::ViewAllCustomers};
use table::keys::{Family, Index};

pub struct GetCustomerByExternalId;

impl Endpoint for GetCustomerByExternalId {
    const SPEC: Spec = Spec::get(
        "get-customer-by-external-id",
        "/v1/customers/external/{externalId}",
        "Find a customer by its id in another system.",
    )
    .answers(Answer::Entity {
        name: "Customer",
        fields: customer::view_fields,
    })
    .grants(&[Grant::query(Index::ExternalIds, Family::External)])
    .codes(&[Code::NotFound]);
    type Permission = ViewAllCustomers;

    async fn handle(ctx: &Context, caller: Caller<ViewAllCustomers>, request: Request) -> Result<Reply> {
        let customer = ctx
            .customers()
            .by_external_id(caller.platform(), request.path("externalId"))
            .await?;
        Reply::entity(&customer)
    }
}
