//! PATCH /v1/customers/{customerKey}/partitions/{partitionKey}: updates a partition by JSON Merge Patch.

use domain::{
    Result,
    partition::{self, Partition},
};
use runtime::{Body, Caller, Context, Endpoint, Found, Request, Spec, access::ManagePartitions};
use table::parts::Parts;

pub struct UpdatePartition;

impl Endpoint for UpdatePartition {
    const SPEC: Spec = Spec::patch(
        "update-partition",
        "/v1/customers/{customerKey}/partitions/{partitionKey}",
        "Update a partition of a customer.",
    )
    .takes(Body::Patch(partition::FIELDS))
    .performs(&[Parts::<Partition>::PATCH]);
    type Permission = ManagePartitions;
    type Answer = Found<Partition>;

    async fn handle(ctx: &Context, caller: Caller<ManagePartitions>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        let partition = ctx
            .parts::<Partition>()
            .patch(
                caller.tenant().itself(),
                request.key()?,
                &request.body,
                request.if_match,
                &change,
            )
            .await?;
        Ok(Found(partition))
    }
}
