//! DELETE /v1/customers/{customerKey}/partitions/{partitionKey}: deletes a partition.

use domain::{
    Result,
    fields::{Field, Rule},
    partition::Partition,
};
use runtime::{Caller, Context, Endpoint, Nothing, Request, Spec, access::ManagePartitions};
use table::parts::Parts;

pub struct DeletePartition;

const FORCE: &[Field] = &[Field::new(
    "force",
    Rule::Flag,
    "`true` also deletes a partition that has API keys that still work. They stop working.",
)
.default("false")];

impl Endpoint for DeletePartition {
    const SPEC: Spec = Spec::delete(
        "delete-partition",
        "/v1/customers/{customerKey}/partitions/{partitionKey}",
        "Delete a partition of a customer. Refused while it has API keys that still work, unless `force` is given: then they stop working at once.",
    )
    .filters(FORCE)
    .performs(&[Parts::<Partition>::DELETE, Parts::<Partition>::DELETE_UNUSED]);
    type Permission = ManagePartitions;
    type Answer = Nothing;

    async fn handle(ctx: &Context, caller: Caller<ManagePartitions>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        let (partitions, key) = (ctx.parts::<Partition>(), request.key()?);
        match request.flag("force") {
            true => {
                let owner = caller.tenant().itself();
                partitions.delete(owner, key, request.if_match, &change).await?;
            }
            false => {
                let deleted = partitions.delete_unused(caller.tenant(), key, request.if_match, &change);
                deleted.await?;
            }
        }
        Ok(Nothing)
    }
}
