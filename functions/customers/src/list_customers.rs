//! GET /v1/customers: lists all customers, oldest first, for platform staff.

use domain::{
    Result,
    customer::{self, Customer, LONGEST_EXTERNAL_ID},
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
    Field::new(
        "bootstrapTenantKey",
        customer::BOOTSTRAP_TENANT_KEY,
        "Only the tenant with this key, and the customers that belong to it.",
    ),
    Field::new(
        "product",
        Rule::Text { min: 1, max: 100 },
        "Only customers that use this product.",
    ),
    Field::new(
        "externalId",
        Rule::Text {
            min: 1,
            max: LONGEST_EXTERNAL_ID,
        },
        "Only the customer with this external id, which may contain any characters.",
    ),
    Field::new(
        "updatedSince",
        Rule::Time,
        "Only customers that were created or changed at this time or later.",
    ),
];

impl Endpoint for ListCustomers {
    const SPEC: Spec = Spec::get(
        "list-customers",
        "/v1/customers",
        "List all customers, oldest first. A page examines at most 1,000 customers, so a filtered page may be short or empty and still have a `nextCursor`.",
    )
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
