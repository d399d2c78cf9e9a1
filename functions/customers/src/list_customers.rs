//! GET /v1/customers: lists all customers, oldest first, for platform staff.

use domain::{
    Result,
    customer::{self, Customer},
    fields::{Field, Rule},
};
use runtime::{Caller, Context, Endpoint, Listed, Request, Spec, access::ViewAllCustomers};
use table::customers::Customers;

pub struct ListCustomers;

const FILTERS: &[Field] = &[
    Field::new("type", Rule::OneOf(customer::TYPES), "Only customers of this type."),
    Field::new(
        "isTenantCustomer",
        Rule::Flag,
        "`true` lists only tenant customers, `false` only the others.",
    ),
    Field::new(
        "isDisabled",
        Rule::Flag,
        "`true` lists only disabled customers, `false` only enabled ones.",
    ),
];

impl Endpoint for ListCustomers {
    const SPEC: Spec = Spec::get("list-customers", "/v1/customers", "List all customers, oldest first.")
        .filters(FILTERS)
        .performs(&[Customers::LIST]);
    type Permission = ViewAllCustomers;
    type Answer = Listed<Customer>;

    async fn handle(ctx: &Context, caller: Caller<ViewAllCustomers>, request: Request) -> Result<Self::Answer> {
        let page = request.page(ctx)?;
        let (customers, next) = ctx
            .customers()
            .list(caller.platform(), &request.filter()?, &page)
            .await?;
        Ok(Listed::new(customers, request.next_cursor(ctx, next)))
    }
}
