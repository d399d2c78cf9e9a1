//! GET /v1/customers/{customerKey}/clients: lists a customer's clients, oldest first.

use domain::{
    Result,
    client::Client,
    customer::LONGEST_EXTERNAL_ID,
    fields::{Field, Rule},
};
use runtime::{Caller, Context, Endpoint, Listed, Request, Spec, access::ViewClients};
use table::clients::Clients;

pub struct ListClients;

const FILTERS: &[Field] = &[
    Field::new(
        "isDisabled",
        Rule::Flag,
        "`true` lists only disabled clients, `false` only enabled ones.",
    ),
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
    .performs(&[Clients::LIST]);
    type Permission = ViewClients;
    type Answer = Listed<Client>;

    async fn handle(ctx: &Context, caller: Caller<ViewClients>, request: Request) -> Result<Self::Answer> {
        let page = request.page(ctx)?;
        let (clients, next) = ctx.clients().list(caller.tenant(), &request.filter()?, &page).await?;
        Ok(Listed::new(clients, request.next_cursor(ctx, next)))
    }
}
