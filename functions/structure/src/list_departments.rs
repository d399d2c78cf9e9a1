//! GET /v1/customers/{customerKey}/departments, and of a client: lists departments, oldest first.

use domain::{
    Result,
    department::Department,
    fields::{Field, Rule},
};
use runtime::{Caller, Context, Endpoint, Listed, Request, Spec, access::ViewStructure};
use table::parts::Parts;

pub struct ListDepartments;

const FILTERS: &[Field] = &[
    Field::new(
        "isActive",
        Rule::Flag,
        "`true` lists only active departments, `false` only inactive ones.",
    ),
    Field::new(
        "internalCode",
        Rule::Text { min: 1, max: 100 },
        "Only the department with this code.",
    ),
];

impl Endpoint for ListDepartments {
    const SPEC: Spec = Spec::get(
        "list-departments",
        "/v1/customers/{customerKey}/departments",
        "List a customer's or client's departments, oldest first.",
    )
    .also("/v1/customers/{customerKey}/clients/{clientKey}/departments")
    .filters(FILTERS)
    .performs(&[Parts::<Department>::LIST]);
    type Permission = ViewStructure;
    type Answer = Listed<Department>;

    async fn handle(ctx: &Context, caller: Caller<ViewStructure>, request: Request) -> Result<Self::Answer> {
        let page = request.page(ctx)?;
        let (departments, next) = ctx
            .parts::<Department>()
            .list(caller.owner(), &request.filter()?, &page)
            .await?;
        Ok(Listed::new(departments, request.next_cursor(ctx, next)))
    }
}
