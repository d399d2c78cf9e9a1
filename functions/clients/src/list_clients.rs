//! GET /v1/customers/{customerKey}/clients: a customer's clients, oldest first.

use domain::client::Client;
use domain::{
    Result,
    customer::LONGEST_EXTERNAL_ID,
    fields::{Field, Rule},
};
use runtime::{Caller, Context, Endpoint, Grant, Listed, Request, Spec, access::ViewClients, spec::Action};
use table::keys::Family;

pub struct ListClients;

const FILTERS: &[Field] = &[
    Field::new("isDisabled", Rule::Flag, "Only those that are, or are not."),
    Field::new(
        "externalId",
        Rule::Text {
            min: 1,
            max: LONGEST_EXTERNAL_ID,
        },
        "Only the client with this external id.",
    ),
];

impl Endpoint for ListClients {
    const SPEC: Spec = Spec::get(
        "list-clients",
        "/v1/customers/{customerKey}/clients",
        "List a customer's clients, oldest first.",
    )
    .filters(FILTERS)
    .grants(&[
        Grant::on(Family::Customer, Action::Query),
        Grant::on(Family::Customer, Action::GetItem),
    ]);
    type Permission = ViewClients;
    type Answer = Listed<Client>;

    async fn handle(ctx: &Context, caller: Caller<ViewClients>, request: Request) -> Result<Self::Answer> {
        let page = request.page(ctx)?;
        let (clients, next) = ctx.clients().list(caller.tenant(), &request.filter()?, &page).await?;
        Ok(Listed::new(clients, request.next_cursor(ctx, next)))
    }
}
