//! Task, on CUSTOMER_DELETED: its clients go, each as if deleted by hand, then its departments, locations, contacts and deactivation log.
//! The audit trail stays.

use domain::{Result, customer::Customer};
use events::EventType;
use runtime::{Context, Job, Outcome, Task, TaskSpec};
use table::cascades::Cascades;

pub struct DeleteCustomerChildren;

impl Task for DeleteCustomerChildren {
    const SPEC: TaskSpec = TaskSpec::new(
        "delete-customer-children",
        "Delete what belonged to a deleted customer.",
        &[EventType::deleted::<Customer>()],
    )
    .performs(&[Cascades::CUSTOMER_DELETED])
    .in_pages();

    async fn run(ctx: &Context, job: Job) -> Result<Outcome> {
        Ok(ctx
            .table
            .cascades()
            .customer_deleted(job.tenant, &job.change)
            .await?
            .into())
    }
}
