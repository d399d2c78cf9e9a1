//! POST /v1/customers/{customerKey}/locations, and of a client: creates a location. A new headquarters replaces the
//! previous one in the same transaction.

use domain::{
    Entity, Result,
    location::{self, Location},
};
use runtime::{Body, Caller, Context, Created, Endpoint, Request, Spec, access::EditStructure};
use table::parts::Parts;

pub struct CreateLocation;

impl Endpoint for CreateLocation {
    const SPEC: Spec = Spec::post(
        "create-location",
        "/v1/customers/{customerKey}/locations",
        "Create a location of a customer or client. A new headquarters replaces the previous one.",
    )
    .also("/v1/customers/{customerKey}/clients/{clientKey}/locations")
    .takes(Body::Create(location::FIELDS))
    .together(location::TOGETHER)
    .performs(&[Parts::<Location>::CREATE]);
    type Permission = EditStructure;
    type Answer = Created<Location>;

    async fn handle(ctx: &Context, caller: Caller<EditStructure>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        let location = Location::new(ctx.new_key(), request.body.clone(), change.now, &caller.actor)?;
        ctx.parts::<Location>()
            .create(caller.owner(), &location, &change)
            .await?;
        Ok(Created(location))
    }
}
