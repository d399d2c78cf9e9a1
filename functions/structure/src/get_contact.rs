//! GET /v1/customers/{customerKey}/contacts/{contactKey}, and of a client: read one contact.

use domain::{
    Result,
    contact::{self, Contact},
};
use runtime::{Answer, Caller, Context, Endpoint, Grant, Reply, Request, Spec, access::ViewStructure, spec::Action};
use table::keys::Family;

pub struct GetContact;

impl Endpoint for GetContact {
    const SPEC: Spec = Spec::get(
        "get-contact",
        "/v1/customers/{customerKey}/contacts/{contactKey}",
        "Read a contact of a customer or client.",
    )
    .also("/v1/customers/{customerKey}/clients/{clientKey}/contacts/{contactKey}")
    .answers(Answer::Entity {
        name: "Contact",
        fields: contact::view_fields,
    })
    .grants(&[Grant::on(Family::Customer, Action::GetItem)]);
    type Permission = ViewStructure;

    async fn handle(ctx: &Context, caller: Caller<ViewStructure>, request: Request) -> Result<Reply> {
        Reply::entity(&ctx.parts::<Contact>().get(caller.owner(), request.key()?).await?)
    }
}
