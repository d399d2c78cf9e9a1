//! GET /v1/customers/{customerKey}/partition-groups/{partitionGroupKey}: reads a partition group.

use domain::{Result, partition_group::PartitionGroup};
use runtime::{Caller, Context, Endpoint, Found, Request, Spec, access::ViewPartitions};
use table::parts::Parts;

pub struct GetPartitionGroup;

impl Endpoint for GetPartitionGroup {
    const SPEC: Spec = Spec::get(
        "get-partition-group",
        "/v1/customers/{customerKey}/partition-groups/{partitionGroupKey}",
        "Read a partition group of a customer.",
    )
    .performs(&[Parts::<PartitionGroup>::GET]);
    type Permission = ViewPartitions;
    type Answer = Found<PartitionGroup>;

    async fn handle(ctx: &Context, caller: Caller<ViewPartitions>, request: Request) -> Result<Self::Answer> {
        Ok(Found(
            ctx.parts::<PartitionGroup>()
                .get(caller.tenant().itself(), request.key()?)
                .await?,
        ))
    }
}
