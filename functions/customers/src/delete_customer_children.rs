//! Task, on CUSTOMER_DELETED: deletes the customer's clients, departments, locations, contacts and deactivation log. Each client is deleted
//! as if by a request. The audit trail stays.

use domain::{Result, customer::Customer};
use events::EventType;
use runtime::{Context, Job, Outcome, Task, TaskSpec};
use table::cascades::Cascades;

pub struct DeleteCustomerChildren;

impl Task for DeleteCustomerChildren {
    const SPEC: TaskSpec = TaskSpec::new(
        "delete-customer-children",
        "Delete a deleted customer's clients, departments, locations, contacts and deactivation log.",
        &[EventType::deleted::<Customer>()],
    )
    .performs(&[Cascades::CUSTOMER_DELETED]);
    type Cursor = String;

    async fn run(ctx: &Context, job: Job) -> Result<Outcome<String>> {
        Ok(ctx
            .table
            .cascades()
            .customer_deleted(job.tenant, &job.change)
            .await?
            .into())
    }
}
