//! GET /v1/customers/{customerKey}/partition-groups: a customer's partition groups, oldest first.

use domain::{
    Result,
    partition_group::{self, PartitionGroup},
};
use runtime::{Answer, Caller, Context, Endpoint, Grant, Reply, Request, Spec, access::ViewPartitions, spec::Action};
use table::keys::Family;

pub struct ListPartitionGroups;

impl Endpoint for ListPartitionGroups {
    const SPEC: Spec = Spec::get(
        "list-partition-groups",
        "/v1/customers/{customerKey}/partition-groups",
        "List a customer's partition groups, oldest first.",
    )
    .answers(Answer::Page {
        name: "PartitionGroup",
        fields: partition_group::view_fields,
    })
    .grants(&[
        Grant::on(Family::Customer, Action::Query),
        Grant::on(Family::Customer, Action::GetItem),
    ]);
    type Permission = ViewPartitions;

    async fn handle(ctx: &Context, caller: Caller<ViewPartitions>, request: Request) -> Result<Reply> {
        let page = request.page(ctx)?;
        let (partition_groups, next) = ctx
            .parts::<PartitionGroup>()
            .list(caller.tenant().itself(), &request.filter()?, &page)
            .await?;
        Reply::page(partition_groups, request.next_cursor(ctx, next))
    }
}
