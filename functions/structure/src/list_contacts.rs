//! GET /v1/customers/{customerKey}/contacts, and of a client: lists contacts, oldest first.

use domain::{
    Kind, Result,
    contact::Contact,
    fields::{Field, Rule},
    location::Location,
};
use runtime::{Caller, Context, Endpoint, Listed, Request, Spec, access::ViewStructure};
use table::parts::Parts;

pub struct ListContacts;

const FILTERS: &[Field] = &[
    Field::new(
        "isActive",
        Rule::Flag,
        "`true` lists only active contacts, `false` only inactive ones.",
    ),
    Field::new("type", Rule::Text { min: 1, max: 50 }, "Only contacts of this type."),
    Field::new(
        "locationKey",
        Rule::Key(Location::KIND),
        "Only contacts at this location.",
    ),
];

impl Endpoint for ListContacts {
    const SPEC: Spec = Spec::get(
        "list-contacts",
        "/v1/customers/{customerKey}/contacts",
        "List a customer's or client's contacts, oldest first.",
    )
    .also("/v1/customers/{customerKey}/clients/{clientKey}/contacts")
    .filters(FILTERS)
    .performs(&[Parts::<Contact>::LIST]);
    type Permission = ViewStructure;
    type Answer = Listed<Contact>;

    async fn handle(ctx: &Context, caller: Caller<ViewStructure>, request: Request) -> Result<Self::Answer> {
        let page = request.page(ctx)?;
        let (contacts, next) = ctx
            .parts::<Contact>()
            .list(caller.owner(), &request.filter()?, &page)
            .await?;
        Ok(Listed::new(contacts, request.next_cursor(ctx, next)))
    }
}
