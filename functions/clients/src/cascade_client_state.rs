//! Task, on CUSTOMER_CLIENT_DISABLED and CUSTOMER_CLIENT_ENABLED: a disabled or enabled client takes its account along.

use domain::{
    Result,
    client::{self, Client},
};
use events::EventType;
use runtime::{Context, Job, Outcome, Task, TaskSpec};
use table::cascades::Cascades;

pub struct CascadeClientState;

impl Task for CascadeClientState {
    const SPEC: TaskSpec = TaskSpec::new(
        "cascade-client-state",
        "A disabled or enabled client takes its account along.",
        &[
            EventType::of::<Client>(&client::DISABLED),
            EventType::of::<Client>(&client::ENABLED),
        ],
    )
    .performs(&[Cascades::CLIENT_STATE]);

    async fn run(ctx: &Context, job: Job) -> Result<Outcome> {
        let key = job.key()?;
        let step = ctx.table.cascades().client_state(job.tenant, key, &job.change).await?;
        Ok(step.into())
    }
}
