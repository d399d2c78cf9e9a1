//! Task, on CUSTOMER_LOCATION_DELETED: clears `locationKey` of the contacts at the location.

use domain::{Result, contact::Contact, location::Location};
use events::EventType;
use runtime::{Context, Job, Outcome, Task, TaskSpec};
use table::{PageRequest, parts::Parts};

pub struct ClearDeletedLocation;

/// The most contacts that one invocation clears.
const PAGE: u8 = 100;

impl Task for ClearDeletedLocation {
    const SPEC: TaskSpec = TaskSpec::new(
        "clear-deleted-location",
        "Clear `locationKey` of the contacts at a deleted location.",
        &[EventType::deleted::<Location>()],
    )
    .performs(&[Parts::<Contact>::CLEAR_LOCATION]);
    type Cursor = String;

    async fn run(ctx: &Context, job: Job) -> Result<Outcome<String>> {
        let page = PageRequest {
            limit: PAGE,
            after: job.cursor.clone(),
        };
        let contacts = ctx.parts::<Contact>();
        let step = contacts
            .clear_location(job.owner(), job.key()?, &page, &job.change)
            .await?;
        Ok(step.into())
    }
}
