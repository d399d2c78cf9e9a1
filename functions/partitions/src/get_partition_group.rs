//! GET /v1/customers/{customerKey}/partition-groups/{partitionGroupKey}: read one partition group.

use domain::{
    Result,
    partition_group::{self, PartitionGroup},
};
use runtime::{Answer, Caller, Context, Endpoint, Grant, Reply, Request, Spec, access::ViewPartitions, spec::Action};
use table::keys::Family;

pub struct GetPartitionGroup;

impl Endpoint for GetPartitionGroup {
    const SPEC: Spec = Spec::get(
        "get-partition-group",
        "/v1/customers/{customerKey}/partition-groups/{partitionGroupKey}",
        "Read a partition group of a customer.",
    )
    .answers(Answer::Entity {
        name: "PartitionGroup",
        fields: partition_group::view_fields,
    })
    .grants(&[Grant::on(Family::Customer, Action::GetItem)]);
    type Permission = ViewPartitions;

    async fn handle(ctx: &Context, caller: Caller<ViewPartitions>, request: Request) -> Result<Reply> {
        Reply::entity(
            &ctx.parts::<PartitionGroup>()
                .get(caller.tenant().itself(), request.key()?)
                .await?,
        )
    }
}
