//! GET /v1/customers: all customers, oldest first, for platform staff.

use domain::{
    Result, customer,
    fields::{Field, Rule},
};
use runtime::{Answer, Caller, Context, Endpoint, Grant, Reply, Request, Spec, access::ViewAllCustomers};
use table::keys::{Family, Index};

pub struct ListCustomers;

const FILTERS: &[Field] = &[
    Field::new("type", Rule::OneOf(customer::TYPES), "Only customers of this type."),
    Field::new("isTenantCustomer", Rule::Flag, "Only tenants, or only others."),
    Field::new("isDisabled", Rule::Flag, "Only deactivated ones, or only others."),
];

impl Endpoint for ListCustomers {
    const SPEC: Spec = Spec::get("list-customers", "/v1/customers", "List all customers, oldest first.")
        .filters(FILTERS)
        .answers(Answer::Page {
            name: "Customer",
            fields: customer::view_fields,
        })
        .grants(&[Grant::query(Index::Customers, Family::CustomerList)]);
    type Permission = ViewAllCustomers;

    async fn handle(ctx: &Context, caller: Caller<ViewAllCustomers>, request: Request) -> Result<Reply> {
        let page = request.page(ctx)?;
        let (customers, next) = ctx
            .customers()
            .list(caller.platform(), &request.filter()?, &page)
            .await?;
        Reply::page(customers, request.next_cursor(ctx, next))
    }
}
