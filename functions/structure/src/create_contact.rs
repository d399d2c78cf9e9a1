//! POST /v1/customers/{customerKey}/contacts, and of a client: creates a contact.

use domain::{
    Entity, Result,
    contact::{self, Contact},
};
use runtime::{Body, Caller, Context, Created, Endpoint, Request, Spec, access::EditStructure};
use table::parts::Parts;

pub struct CreateContact;

impl Endpoint for CreateContact {
    const SPEC: Spec = Spec::post(
        "create-contact",
        "/v1/customers/{customerKey}/contacts",
        "Create a contact of a customer or client.",
    )
    .also("/v1/customers/{customerKey}/clients/{clientKey}/contacts")
    .takes(Body::Create(contact::FIELDS))
    .together(contact::TOGETHER)
    .performs(&[Parts::<Contact>::CREATE]);
    type Permission = EditStructure;
    type Answer = Created<Contact>;

    async fn handle(ctx: &Context, caller: Caller<EditStructure>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        let contact = Contact::new(ctx.new_key(), request.body.clone(), change.now, &caller.actor)?;
        ctx.parts::<Contact>().create(caller.owner(), &contact, &change).await?;
        Ok(Created(contact))
    }
}
