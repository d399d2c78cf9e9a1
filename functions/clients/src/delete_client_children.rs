//! Task, on CUSTOMER_CLIENT_DELETED: a deleted client's departments, locations and contacts go; its account is let go of, disabled.

use domain::{Result, client::Client};
use events::EventType;
use runtime::{Context, Job, Outcome, Task, TaskSpec};
use table::cascades::Cascades;

pub struct DeleteClientChildren;

impl Task for DeleteClientChildren {
    const SPEC: TaskSpec = TaskSpec::new(
        "delete-client-children",
        "A deleted client's departments, locations and contacts go; its account is let go of, disabled.",
        &[EventType::deleted::<Client>()],
    )
    .performs(&[Cascades::CLIENT_DELETED])
    .in_pages();

    async fn run(ctx: &Context, job: Job) -> Result<Outcome> {
        let key = job.key()?;
        let account = job
            .event
            .before
            .as_ref()
            .and_then(|client| client["clientCustomerKey"].as_str()?.parse().ok());
        let step = ctx
            .table
            .cascades()
            .client_deleted(job.tenant, key, account, &job.change)
            .await?;
        Ok(step.into())
    }
}
