//! Task, on CUSTOMER_CLIENT_DISABLED and CUSTOMER_CLIENT_ENABLED: disables or enables the client's account with it.

use domain::{
    Result,
    client::{self, Client},
};
use events::EventType;
use runtime::{Context, Job, Outcome, Task, TaskSpec};
use std::convert::Infallible;
use table::cascades::Cascades;

pub struct CascadeClientState;

impl Task for CascadeClientState {
    const SPEC: TaskSpec = TaskSpec::new(
        "cascade-client-state",
        "Disable or enable a client's account with it.",
        &[
            EventType::of::<Client>(&client::DISABLED),
            EventType::of::<Client>(&client::ENABLED),
        ],
    )
    .performs(&[Cascades::CLIENT_STATE]);
    type Cursor = Infallible;

    async fn run(ctx: &Context, job: Job) -> Result<Outcome> {
        let key = job.key()?;
        let step = ctx.table.cascades().client_state(job.tenant, key, &job.change).await?;
        Ok(step.into())
    }
}
