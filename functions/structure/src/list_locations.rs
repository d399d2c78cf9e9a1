//! GET /v1/customers/{customerKey}/locations, and of a client: a customer's locations, oldest first; inactive ones only when asked for.

use domain::{
    Result,
    fields::{Field, Rule},
    location::{self, Location},
};
use runtime::{Answer, Caller, Context, Endpoint, Grant, Reply, Request, Spec, access::ViewStructure, spec::Action};
use table::keys::Family;

pub struct ListLocations;

const FILTERS: &[Field] = &[
    Field::new("isActive", Rule::Flag, "Only inactive ones where it is false.").default("true"),
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
    .answers(Answer::Page {
        name: "Location",
        fields: location::view_fields,
    })
    .grants(&[
        Grant::on(Family::Customer, Action::Query),
        Grant::on(Family::Customer, Action::GetItem),
    ]);
    type Permission = ViewStructure;

    async fn handle(ctx: &Context, caller: Caller<ViewStructure>, request: Request) -> Result<Reply> {
        let page = request.page(ctx)?;
        let (locations, next) = ctx
            .parts::<Location>()
            .list(caller.owner(), &request.filter()?, &page)
            .await?;
        Reply::page(locations, request.next_cursor(ctx, next))
    }
}
