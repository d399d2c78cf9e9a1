//! PATCH /v1/customers/{customerKey}/contacts/{contactKey}, and of a client: updates a contact by JSON Merge Patch.

use domain::{
    Result,
    contact::{self, Contact},
};
use runtime::{Body, Caller, Context, Endpoint, Found, Request, Spec, access::EditStructure};
use table::parts::Parts;

pub struct UpdateContact;

impl Endpoint for UpdateContact {
    const SPEC: Spec = Spec::patch(
        "update-contact",
        "/v1/customers/{customerKey}/contacts/{contactKey}",
        "Update a contact of a customer or client.",
    )
    .also("/v1/customers/{customerKey}/clients/{clientKey}/contacts/{contactKey}")
    .takes(Body::Patch(contact::FIELDS))
    .performs(&[Parts::<Contact>::PATCH]);
    type Permission = EditStructure;
    type Answer = Found<Contact>;

    async fn handle(ctx: &Context, caller: Caller<EditStructure>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        let contact = ctx
            .parts::<Contact>()
            .patch(caller.owner(), request.key()?, &request.body, request.if_match, &change)
            .await?;
        Ok(Found(contact))
    }
}
