//! Task, on CUSTOMER_DEACTIVATED and CUSTOMER_REACTIVATED: disables or enables the customer's clients with it, and records the customer's
//! state on its parent's client.

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
        "Disable or enable a customer's clients with it, and record its state on its parent's client.",
        &[
            EventType::of::<Customer>(&customer::DEACTIVATED),
            EventType::of::<Customer>(&customer::REACTIVATED),
        ],
    )
    .performs(&[Cascades::ACCOUNT_STATE]);
    type Cursor = String;

    async fn run(ctx: &Context, job: Job) -> Result<Outcome<String>> {
        let from = job.cursor.as_deref();
        let step = ctx
            .table
            .cascades()
            .account_state(job.tenant, from, &job.change)
            .await?;
        Ok(step.into())
    }
}
