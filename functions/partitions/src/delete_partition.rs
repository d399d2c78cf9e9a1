//! DELETE /v1/customers/{customerKey}/partitions/{partitionKey}: deletes a partition.

use domain::{Result, partition::Partition};
use runtime::{Caller, Context, Endpoint, Nothing, Request, Spec, access::ManagePartitions};
use table::parts::Parts;

pub struct DeletePartition;

impl Endpoint for DeletePartition {
    const SPEC: Spec = Spec::delete(
        "delete-partition",
        "/v1/customers/{customerKey}/partitions/{partitionKey}",
        "Delete a partition of a customer. Its API keys stop working at once.",
    )
    .performs(&[Parts::<Partition>::DELETE]);
    type Permission = ManagePartitions;
    type Answer = Nothing;

    async fn handle(ctx: &Context, caller: Caller<ManagePartitions>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        ctx.parts::<Partition>()
            .delete(caller.tenant().itself(), request.key()?, request.if_match, &change)
            .await?;
        Ok(Nothing)
    }
}
