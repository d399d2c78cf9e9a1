//! GET /v1/customers/{customerKey}/partitions: a customer's partitions, oldest first.

use domain::{
    Kind, Result,
    fields::{Field, Rule},
    partition::{ENVIRONMENTS, Partition},
    partition_group::PartitionGroup,
};
use runtime::{Caller, Context, Endpoint, Listed, Request, Spec, access::ViewPartitions};
use table::parts::Parts;

pub struct ListPartitions;

const FILTERS: &[Field] = &[
    Field::new("groupKey", Rule::Key(PartitionGroup::KIND), "Only those in this group."),
    Field::new(
        "environment",
        Rule::OneOf(ENVIRONMENTS),
        "Only those of this environment.",
    ),
];

impl Endpoint for ListPartitions {
    const SPEC: Spec = Spec::get(
        "list-partitions",
        "/v1/customers/{customerKey}/partitions",
        "List a customer's partitions, oldest first.",
    )
    .filters(FILTERS)
    .performs(&[Parts::<Partition>::LIST]);
    type Permission = ViewPartitions;
    type Answer = Listed<Partition>;

    async fn handle(ctx: &Context, caller: Caller<ViewPartitions>, request: Request) -> Result<Self::Answer> {
        let page = request.page(ctx)?;
        let (partitions, next) = ctx
            .parts::<Partition>()
            .list(caller.tenant().itself(), &request.filter()?, &page)
            .await?;
        Ok(Listed::new(partitions, request.next_cursor(ctx, next)))
    }
}
