//! GET /v1/customers/{customerKey}/locations/{locationKey}: read one location.

use domain::{
    Result,
    location::{self, Location},
};
use runtime::{Answer, Caller, Context, Endpoint, Grant, Reply, Request, Spec, access::ViewCustomer, spec::Action};
use table::keys::Family;

pub struct GetLocation;

impl Endpoint for GetLocation {
    const SPEC: Spec = Spec::get(
        "get-location",
        "/v1/customers/{customerKey}/locations/{locationKey}",
        "Read a location of a customer.",
    )
    .answers(Answer::Entity {
        name: "Location",
        fields: location::view_fields,
    })
    .grants(&[Grant::on(Family::Customer, Action::GetItem)]);
    type Permission = ViewCustomer;

    async fn handle(ctx: &Context, caller: Caller<ViewCustomer>, request: Request) -> Result<Reply> {
        Reply::entity(
            &ctx.parts::<Location>()
                .get(caller.tenant().itself(), request.key()?)
                .await?,
        )
    }
}
