//! GET /v1/customers/{customerKey}/contacts/{contactKey}, and of a client: reads a contact.

use domain::{Result, contact::Contact};
use runtime::{Caller, Context, Endpoint, Found, Request, Spec, access::ViewStructure};
use table::parts::Parts;

pub struct GetContact;

impl Endpoint for GetContact {
    const SPEC: Spec = Spec::get(
        "get-contact",
        "/v1/customers/{customerKey}/contacts/{contactKey}",
        "Read a contact of a customer or client.",
    )
    .also("/v1/customers/{customerKey}/clients/{clientKey}/contacts/{contactKey}")
    .performs(&[Parts::<Contact>::GET]);
    type Permission = ViewStructure;
    type Answer = Found<Contact>;

    async fn handle(ctx: &Context, caller: Caller<ViewStructure>, request: Request) -> Result<Self::Answer> {
        Ok(Found(ctx.parts::<Contact>().get(caller.owner(), request.key()?).await?))
    }
}
