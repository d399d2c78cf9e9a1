//! Task, on CUSTOMER_CREATED: creates a new Business customer's headquarters location from its address, if that has the fields of
//! a headquarters.
//!
//! The event's image spares a read. The write compares it with the customer's current state, and takes that if they differ.

use domain::{Error, Result, customer::Customer, location::Location};
use events::EventType;
use runtime::{Context, Job, Outcome, Task, TaskSpec};
use std::convert::Infallible;
use table::{
    customers::Customers,
    parts::{FirstLocation, Parts},
};

pub struct CreateCustomerLocation;

impl Task for CreateCustomerLocation {
    const SPEC: TaskSpec = TaskSpec::new(
        "create-customer-location",
        "Create a new Business customer's headquarters location from its address.",
        &[EventType::created::<Customer>()],
    )
    .performs(&[Customers::GET, Parts::<Location>::CREATE_FIRST]);
    type Cursor = Infallible;

    async fn run(ctx: &Context, job: Job) -> Result<Outcome> {
        let customer: Customer = match &job.event.after {
            Some(image) => {
                serde_json::from_value(image.clone()).map_err(|_| Error::invalid("after", "is not a customer"))?
            }
            None => ctx.customers().get(job.tenant).await?,
        };
        let first = ctx
            .parts::<Location>()
            .create_first(job.tenant, customer, &job.change)
            .await?;
        Ok(match first {
            FirstLocation::Created => Outcome::Done,
            FirstLocation::Existed => Outcome::Skipped("the location was created before"),
            FirstLocation::NotWanted => {
                Outcome::Skipped("the customer is not a business, or its address has no line1 or no city")
            }
            FirstLocation::CustomerDeleted => Outcome::Skipped("the customer was deleted"),
        })
    }
}
