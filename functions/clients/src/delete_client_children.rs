//! Task, on CUSTOMER_CLIENT_DELETED: deletes the client's departments, locations and contacts; disables and dissociates its account.

use domain::{Result, client::Client};
use events::EventType;
use runtime::{Context, Job, Outcome, Task, TaskSpec};
use table::cascades::Cascades;

pub struct DeleteClientChildren;

impl Task for DeleteClientChildren {
    const SPEC: TaskSpec = TaskSpec::new(
        "delete-client-children",
        "Delete a deleted client's departments, locations and contacts; disable and dissociate its account.",
        &[EventType::deleted::<Client>()],
    )
    .performs(&[Cascades::CLIENT_DELETED]);
    type Cursor = String;

    async fn run(ctx: &Context, job: Job) -> Result<Outcome<String>> {
        let step = ctx
            .table
            .cascades()
            .client_deleted(job.tenant, job.key()?, &job.change)
            .await?;
        Ok(step.into())
    }
}
