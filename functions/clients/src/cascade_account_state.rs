//! Task, on CUSTOMER_DEACTIVATED and CUSTOMER_REACTIVATED: a disabled or enabled customer takes its clients along, and its parent's record says so.

use domain::{
    Result,
    customer::{self, Customer},
};
use events::EventType;
use runtime::{Context, Job, Outcome, Task, TaskSpec};
use table::cascades::Cascades;

pub struct CascadeAccountState;

impl Task for CascadeAccountState {
    const SPEC: TaskSpec = TaskSpec::new(
        "cascade-account-state",
        "A disabled or enabled customer takes its clients along, and its parent's record says so.",
        &[
            EventType::of::<Customer>(&customer::DEACTIVATED),
            EventType::of::<Customer>(&customer::REACTIVATED),
        ],
    )
    .performs(&[Cascades::ACCOUNT_STATE])
    .in_pages();

    async fn run(ctx: &Context, job: Job) -> Result<Outcome> {
        let from = job.cursor.as_deref();
        let step = ctx
            .table
            .cascades()
            .account_state(job.tenant, from, &job.change)
            .await?;
        Ok(step.into())
    }
}
