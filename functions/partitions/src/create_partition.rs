//! POST /v1/customers/{customerKey}/partitions: creates a partition.

use domain::{
    Entity, Result,
    partition::{self, Partition},
};
use runtime::{Body, Caller, Context, Created, Endpoint, Request, Spec, access::ManagePartitions};
use table::parts::Parts;

pub struct CreatePartition;

impl Endpoint for CreatePartition {
    const SPEC: Spec = Spec::post(
        "create-partition",
        "/v1/customers/{customerKey}/partitions",
        "Create a partition of a customer.",
    )
    .takes(Body::Create(partition::FIELDS))
    .performs(&[Parts::<Partition>::CREATE]);
    type Permission = ManagePartitions;
    type Answer = Created<Partition>;

    async fn handle(ctx: &Context, caller: Caller<ManagePartitions>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        let partition = Partition::new(ctx.new_key(), request.body.clone(), change.now, &caller.actor)?;
        ctx.parts::<Partition>()
            .create(caller.tenant().itself(), &partition, &change)
            .await?;
        Ok(Created(partition))
    }
}
