//! GET /v1/customers/{customerKey}/partitions/{partitionKey}: read one partition.

use domain::{
    Result,
    partition::{self, Partition},
};
use runtime::{Answer, Caller, Context, Endpoint, Grant, Reply, Request, Spec, access::ViewPartitions, spec::Action};
use table::keys::Family;

pub struct GetPartition;

impl Endpoint for GetPartition {
    const SPEC: Spec = Spec::get(
        "get-partition",
        "/v1/customers/{customerKey}/partitions/{partitionKey}",
        "Read a partition of a customer.",
    )
    .answers(Answer::Entity {
        name: "Partition",
        fields: partition::view_fields,
    })
    .grants(&[Grant::on(Family::Customer, Action::GetItem)]);
    type Permission = ViewPartitions;

    async fn handle(ctx: &Context, caller: Caller<ViewPartitions>, request: Request) -> Result<Reply> {
        Reply::entity(
            &ctx.parts::<Partition>()
                .get(caller.tenant().itself(), request.key()?)
                .await?,
        )
    }
}
