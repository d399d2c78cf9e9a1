//! GET /v1/customers/{customerKey}/partition-groups: a customer's partition groups, oldest first.

use domain::{Result, partition_group::PartitionGroup};
use runtime::{Caller, Context, Endpoint, Listed, Request, Spec, access::ViewPartitions};
use table::parts::Parts;

pub struct ListPartitionGroups;

impl Endpoint for ListPartitionGroups {
    const SPEC: Spec = Spec::get(
        "list-partition-groups",
        "/v1/customers/{customerKey}/partition-groups",
        "List a customer's partition groups, oldest first.",
    )
    .performs(&[Parts::<PartitionGroup>::LIST]);
    type Permission = ViewPartitions;
    type Answer = Listed<PartitionGroup>;

    async fn handle(ctx: &Context, caller: Caller<ViewPartitions>, request: Request) -> Result<Self::Answer> {
        let page = request.page(ctx)?;
        let (partition_groups, next) = ctx
            .parts::<PartitionGroup>()
            .list(caller.tenant().itself(), &request.filter()?, &page)
            .await?;
        Ok(Listed::new(partition_groups, request.next_cursor(ctx, next)))
    }
}
