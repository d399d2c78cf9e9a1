//! Task, on CUSTOMER_DELETED: its partitions and partition groups go. Each partition's own event then ends its keys.

use domain::{Result, customer::Customer};
use events::EventType;
use runtime::{Context, Job, Outcome, Task, TaskSpec};
use table::cascades::Cascades;

pub struct DeleteCustomerPartitions;

impl Task for DeleteCustomerPartitions {
    const SPEC: TaskSpec = TaskSpec::new(
        "delete-customer-partitions",
        "Delete the partitions and partition groups of a deleted customer.",
        &[EventType::deleted::<Customer>()],
    )
    .performs(&[Cascades::PARTITIONS_OF_DELETED])
    .in_pages();

    async fn run(ctx: &Context, job: Job) -> Result<Outcome> {
        let step = ctx
            .table
            .cascades()
            .partitions_of_deleted(job.tenant, &job.change)
            .await?;
        Ok(step.into())
    }
}
