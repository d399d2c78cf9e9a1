//! DELETE /v1/customers/{customerKey}/partition-groups/{partitionGroupKey}: deletes a partition group.

use domain::{Result, partition_group::PartitionGroup};
use runtime::{Caller, Context, Endpoint, Nothing, Request, Spec, access::ManagePartitions};
use table::parts::Parts;

pub struct DeletePartitionGroup;

impl Endpoint for DeletePartitionGroup {
    const SPEC: Spec = Spec::delete(
        "delete-partition-group",
        "/v1/customers/{customerKey}/partition-groups/{partitionGroupKey}",
        "Delete a partition group of a customer. Refused while it has partitions.",
    )
    .performs(&[Parts::<PartitionGroup>::DELETE]);
    type Permission = ManagePartitions;
    type Answer = Nothing;

    async fn handle(ctx: &Context, caller: Caller<ManagePartitions>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        ctx.parts::<PartitionGroup>()
            .delete(caller.tenant().itself(), request.key()?, request.if_match, &change)
            .await?;
        Ok(Nothing)
    }
}
