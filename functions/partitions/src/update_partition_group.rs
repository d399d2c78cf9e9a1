//! PATCH /v1/customers/{customerKey}/partition-groups/{partitionGroupKey}: updates a partition group by JSON Merge Patch.

use domain::{
    Result,
    partition_group::{self, PartitionGroup},
};
use runtime::{Body, Caller, Context, Endpoint, Found, Request, Spec, access::ManagePartitions};
use table::parts::Parts;

pub struct UpdatePartitionGroup;

impl Endpoint for UpdatePartitionGroup {
    const SPEC: Spec = Spec::patch(
        "update-partition-group",
        "/v1/customers/{customerKey}/partition-groups/{partitionGroupKey}",
        "Update a partition group of a customer.",
    )
    .takes(Body::Patch(partition_group::FIELDS))
    .performs(&[Parts::<PartitionGroup>::PATCH]);
    type Permission = ManagePartitions;
    type Answer = Found<PartitionGroup>;

    async fn handle(ctx: &Context, caller: Caller<ManagePartitions>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        let partition_group = ctx
            .parts::<PartitionGroup>()
            .patch(
                caller.tenant().itself(),
                request.key()?,
                &request.body,
                request.if_match,
                &change,
            )
            .await?;
        Ok(Found(partition_group))
    }
}
