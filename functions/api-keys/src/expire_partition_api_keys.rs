//! Task, on CUSTOMER_PARTITION_DELETED: its keys end. They opened nothing from the deletion on.

use domain::{Result, partition::Partition};
use events::EventType;
use runtime::{Context, Job, Outcome, Task, TaskSpec};
use table::api_keys::ApiKeys;

pub struct ExpirePartitionApiKeys;

impl Task for ExpirePartitionApiKeys {
    const SPEC: TaskSpec = TaskSpec::new(
        "expire-partition-api-keys",
        "Expire the keys of a deleted partition.",
        &[EventType::deleted::<Partition>()],
    )
    .performs(&[ApiKeys::PARTITION_DELETED])
    .in_pages();

    async fn run(ctx: &Context, job: Job) -> Result<Outcome> {
        let step = ctx
            .api_keys()
            .partition_deleted(job.tenant, job.key()?, job.cursor, &job.change)
            .await?;
        Ok(step.into())
    }
}
