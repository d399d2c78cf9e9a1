//! Task, on CUSTOMER_CLIENT_DELETED: a deleted client's departments, locations and contacts go; its account is let go of, disabled.

use domain::Result;
use events::EventType;
use runtime::{Context, Grant, Job, Outcome, Task, TaskSpec, spec::Action};
use table::keys::Family;

pub struct DeleteClientChildren;

impl Task for DeleteClientChildren {
    const SPEC: TaskSpec = TaskSpec::new(
        "delete-client-children",
        "A deleted client's departments, locations and contacts go; its account is let go of, disabled.",
        &[EventType::ClientDeleted],
    )
    .grants(&[
        Grant::on(Family::Customer, Action::GetItem),
        Grant::on(Family::Customer, Action::Query),
        Grant::on(Family::Customer, Action::PutItem),
        Grant::on(Family::Customer, Action::DeleteItem),
    ])
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
