//! Task, on CUSTOMER_DELETED: deletes the customer's partitions and partition groups. Each partition's event then expires its API keys.

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
    .performs(&[Cascades::PARTITIONS_OF_DELETED]);
    type Cursor = String;

    async fn run(ctx: &Context, job: Job) -> Result<Outcome<String>> {
        let step = ctx
            .table
            .cascades()
            .partitions_of_deleted(job.tenant, &job.change)
            .await?;
        Ok(step.into())
    }
}
