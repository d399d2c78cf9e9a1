//! Task, on CUSTOMER_LOCATION_DELETED: contacts that pointed at the location no longer do.

use domain::{Result, contact::Contact, location::Location};
use events::EventType;
use runtime::{Context, Job, Outcome, Task, TaskSpec};
use table::PageRequest;
use table::parts::Parts;

pub struct ClearDeletedLocation;

/// How many contacts one invocation clears at most.
const PAGE: u8 = 100;

impl Task for ClearDeletedLocation {
    const SPEC: TaskSpec = TaskSpec::new(
        "clear-deleted-location",
        "Clear a deleted location from the contacts that pointed at it.",
        &[EventType::deleted::<Location>()],
    )
    .performs(&[Parts::<Contact>::CLEAR_LOCATION])
    .in_pages();

    async fn run(ctx: &Context, job: Job) -> Result<Outcome> {
        let page = PageRequest {
            limit: PAGE,
            after: job.cursor.clone(),
        };
        let contacts = ctx.parts::<Contact>();
        let next = contacts
            .clear_location(job.owner(), job.key()?, &page, &job.change)
            .await?;
        Ok(next.map_or(Outcome::Done, Outcome::More))
    }
}
