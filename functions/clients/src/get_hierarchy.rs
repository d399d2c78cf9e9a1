//! GET /v1/customers/{customerKey}/hierarchy: reads the tree of clients, their accounts, and the accounts' clients.

use domain::{
    Result,
    fields::{Field, Rule},
};
use runtime::{Caller, Context, Endpoint, InPages, Request, Spec, access::ViewClients};
use table::{Table, hierarchy::Node};

pub struct GetHierarchy;

const DEPTH: &[Field] = &[Field::new(
    "depth",
    Rule::Whole { min: 1, max: 8 },
    "The number of levels of clients to return.",
)
.default("2")];

impl Endpoint for GetHierarchy {
    const SPEC: Spec = Spec::get(
        "get-hierarchy",
        "/v1/customers/{customerKey}/hierarchy",
        "Read the tree of a customer's clients, their accounts, and the accounts' clients. Each customer in it lists at most `limit` clients, the whole tree about 1,000. `nextCursor` of a customer continues its list.",
    )
    .filters(DEPTH)
    .performs(&[Table::HIERARCHY]);
    type Permission = ViewClients;
    type Answer = InPages<Node>;

    async fn handle(ctx: &Context, caller: Caller<ViewClients>, request: Request) -> Result<Self::Answer> {
        let depth = request
            .number("depth")
            .and_then(|depth| depth.try_into().ok())
            .unwrap_or(2);
        let mut tree = ctx.table.hierarchy(caller.tenant(), depth, &request.page(ctx)?).await?;
        tree.seal(&|position| request.seal_cursor(ctx, position));
        Ok(InPages(tree))
    }
}
