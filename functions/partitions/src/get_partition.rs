//! GET /v1/customers/{customerKey}/partitions/{partitionKey}: reads a partition.

use domain::{Result, partition::Partition};
use runtime::{Caller, Context, Endpoint, Found, Request, Spec, access::ViewPartitions};
use table::parts::Parts;

pub struct GetPartition;

impl Endpoint for GetPartition {
    const SPEC: Spec = Spec::get(
        "get-partition",
        "/v1/customers/{customerKey}/partitions/{partitionKey}",
        "Read a partition of a customer.",
    )
    .performs(&[Parts::<Partition>::GET]);
    type Permission = ViewPartitions;
    type Answer = Found<Partition>;

    async fn handle(ctx: &Context, caller: Caller<ViewPartitions>, request: Request) -> Result<Self::Answer> {
        Ok(Found(
            ctx.parts::<Partition>()
                .get(caller.tenant().itself(), request.key()?)
                .await?,
        ))
    }
}
