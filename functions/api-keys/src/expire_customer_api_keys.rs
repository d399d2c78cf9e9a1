//! Task, on CUSTOMER_DEACTIVATED: all its keys end. They opened nothing from that write on.

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
        "Expire the keys of a disabled customer.",
        &[EventType::of::<Customer>(&customer::DEACTIVATED)],
    )
    .performs(&[ApiKeys::CUSTOMER_DISABLED])
    .in_pages();

    async fn run(ctx: &Context, job: Job) -> Result<Outcome> {
        let step = ctx
            .api_keys()
            .customer_disabled(job.tenant, job.cursor.as_deref(), &job.change)
            .await?;
        Ok(step.into())
    }
}
