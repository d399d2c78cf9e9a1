//! DELETE /v1/customers/{customerKey}/partitions/{partitionKey}: delete a partition.

use domain::{Code, Result, partition::Partition};
use runtime::{Caller, Context, Endpoint, Grant, Nothing, Request, Spec, access::ManagePartitions, spec::Action};
use table::keys::Family;

pub struct DeletePartition;

impl Endpoint for DeletePartition {
    const SPEC: Spec = Spec::delete(
        "delete-partition",
        "/v1/customers/{customerKey}/partitions/{partitionKey}",
        "Delete a partition of a customer.",
    )
    .grants(&[
        Grant::on(Family::Customer, Action::GetItem),
        Grant::on(Family::Customer, Action::ConditionCheckItem),
        Grant::on(Family::Customer, Action::PutItem),
        Grant::on(Family::Customer, Action::UpdateItem),
        Grant::on(Family::Customer, Action::DeleteItem),
    ])
    .codes(&[Code::CustomerDisabled]);
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
