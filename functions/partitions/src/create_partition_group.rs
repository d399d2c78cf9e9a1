//! POST /v1/customers/{customerKey}/partition-groups: creates a partition group.

use domain::{
    Entity, Result,
    partition_group::{self, PartitionGroup},
};
use runtime::{Body, Caller, Context, Created, Endpoint, Request, Spec, access::ManagePartitions};
use table::parts::Parts;

pub struct CreatePartitionGroup;

impl Endpoint for CreatePartitionGroup {
    const SPEC: Spec = Spec::post(
        "create-partition-group",
        "/v1/customers/{customerKey}/partition-groups",
        "Create a partition group of a customer.",
    )
    .takes(Body::Create(partition_group::FIELDS))
    .performs(&[Parts::<PartitionGroup>::CREATE]);
    type Permission = ManagePartitions;
    type Answer = Created<PartitionGroup>;

    async fn handle(ctx: &Context, caller: Caller<ManagePartitions>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        let partition_group = PartitionGroup::new(ctx.new_key(), request.body.clone(), change.now, &caller.actor)?;
        ctx.parts::<PartitionGroup>()
            .create(caller.tenant().itself(), &partition_group, &change)
            .await?;
        Ok(Created(partition_group))
    }
}
