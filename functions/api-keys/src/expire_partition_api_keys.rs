//! Task, on CUSTOMER_PARTITION_DELETED: marks the partition's API keys as expired. They stopped working with the deletion.

use domain::{Result, partition::Partition};
use events::EventType;
use runtime::{Context, Job, Outcome, Task, TaskSpec};
use table::api_keys::ApiKeys;

pub struct ExpirePartitionApiKeys;

impl Task for ExpirePartitionApiKeys {
    const SPEC: TaskSpec = TaskSpec::new(
        "expire-partition-api-keys",
        "Mark the API keys of a deleted partition as expired.",
        &[EventType::deleted::<Partition>()],
    )
    .performs(&[ApiKeys::PARTITION_DELETED]);
    type Cursor = String;

    async fn run(ctx: &Context, job: Job) -> Result<Outcome<String>> {
        let step = ctx
            .api_keys()
            .partition_deleted(job.tenant, job.key()?, job.cursor, &job.change)
            .await?;
        Ok(step.into())
    }
}
