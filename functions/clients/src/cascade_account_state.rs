//! Task, on CUSTOMER_DEACTIVATED and CUSTOMER_REACTIVATED: a disabled or enabled customer takes its clients along, and its parent's record says so.

use domain::Result;
use events::EventType;
use runtime::{Context, Grant, Job, Outcome, Task, TaskSpec, spec::Action};
use table::keys::Family;

pub struct CascadeAccountState;

impl Task for CascadeAccountState {
    const SPEC: TaskSpec = TaskSpec::new(
        "cascade-account-state",
        "A disabled or enabled customer takes its clients along, and its parent's record says so.",
        &[EventType::CustomerDeactivated, EventType::CustomerReactivated],
    )
    .grants(&[
        Grant::on(Family::Customer, Action::GetItem),
        Grant::on(Family::Customer, Action::Query),
        Grant::on(Family::Customer, Action::ConditionCheckItem),
        Grant::on(Family::Customer, Action::PutItem),
        Grant::on(Family::Customer, Action::UpdateItem),
        Grant::on(Family::Customer, Action::DeleteItem),
    ])
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
