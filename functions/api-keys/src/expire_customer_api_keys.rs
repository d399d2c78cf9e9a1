//! Task, on CUSTOMER_DEACTIVATED: marks the customer's API keys as expired. They stopped working with the write that deactivated it.

use domain::{
    Result,
    customer::{self, Customer},
};
use events::EventType;
use runtime::{Context, Job, Outcome, Task, TaskSpec};
use table::api_keys::ApiKeys;

pub struct ExpireCustomerApiKeys;

impl Task for ExpireCustomerApiKeys {
    const SPEC: TaskSpec = TaskSpec::new(
        "expire-customer-api-keys",
        "Mark the API keys of a disabled customer as expired.",
        &[EventType::of::<Customer>(&customer::DEACTIVATED)],
    )
    .performs(&[ApiKeys::CUSTOMER_DISABLED]);
    type Cursor = String;

    async fn run(ctx: &Context, job: Job) -> Result<Outcome<String>> {
        let step = ctx
            .api_keys()
            .customer_disabled(job.tenant, job.cursor, &job.change)
            .await?;
        Ok(step.into())
    }
}
