//! DELETE /v1/customers/{customerKey}/contacts/{contactKey}, and of a client: deletes a contact.

use domain::{Result, contact::Contact};
use runtime::{Caller, Context, Endpoint, Nothing, Request, Spec, access::EditStructure};
use table::parts::Parts;

pub struct DeleteContact;

impl Endpoint for DeleteContact {
    const SPEC: Spec = Spec::delete(
        "delete-contact",
        "/v1/customers/{customerKey}/contacts/{contactKey}",
        "Delete a contact of a customer or client.",
    )
    .also("/v1/customers/{customerKey}/clients/{clientKey}/contacts/{contactKey}")
    .performs(&[Parts::<Contact>::DELETE]);
    type Permission = EditStructure;
    type Answer = Nothing;

    async fn handle(ctx: &Context, caller: Caller<EditStructure>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        ctx.parts::<Contact>()
            .delete(caller.owner(), request.key()?, request.if_match, &change)
            .await?;
        Ok(Nothing)
    }
}
