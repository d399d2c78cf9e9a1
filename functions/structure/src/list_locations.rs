//! GET /v1/customers/{customerKey}/locations, and of a client: lists locations, oldest first.

use domain::{
    Result,
    fields::{Field, Rule},
    location::Location,
};
use runtime::{Caller, Context, Endpoint, Listed, Request, Spec, access::ViewStructure};
use table::parts::Parts;

pub struct ListLocations;

const FILTERS: &[Field] = &[
    Field::new(
        "isActive",
        Rule::Flag,
        "`true` lists only active locations, `false` only inactive ones.",
    ),
    Field::new(
        "internalCode",
        Rule::Text { min: 1, max: 100 },
        "Only the location with this code.",
    ),
];

impl Endpoint for ListLocations {
    const SPEC: Spec = Spec::get(
        "list-locations",
        "/v1/customers/{customerKey}/locations",
        "List a customer's or client's locations, oldest first.",
    )
    .also("/v1/customers/{customerKey}/clients/{clientKey}/locations")
    .filters(FILTERS)
    .performs(&[Parts::<Location>::LIST]);
    type Permission = ViewStructure;
    type Answer = Listed<Location>;

    async fn handle(ctx: &Context, caller: Caller<ViewStructure>, request: Request) -> Result<Self::Answer> {
        let page = request.page(ctx)?;
        let (locations, next) = ctx
            .parts::<Location>()
            .list(caller.owner(), &request.filter()?, &page)
            .await?;
        Ok(Listed::new(locations, request.next_cursor(ctx, next)))
    }
}
