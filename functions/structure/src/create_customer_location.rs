//! Task, on CUSTOMER_CREATED: creates a new Business customer's headquarters location from its address, if that has the fields of
//! a headquarters.
//!
//! The location's key is derived from the customer's, so repeats of the event create only one location.

use domain::{
    Entity, Error, LocationKey, Result,
    customer::{Customer, CustomerType},
    location::Location,
};
use events::EventType;
use runtime::{Context, Job, Outcome, Task, TaskSpec};
use serde_json::{Map, json};
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
            Some(image) => serde_json::from_value(image.clone())
                .map_err(|e| Error::invalid("after", format!("is not a customer: {e}")))?,
            None => ctx.customers().get(job.tenant).await?,
        };
        if customer.r#type != CustomerType::Business {
            return Ok(Outcome::Skipped("the customer is not a business"));
        }
        let Some(address) = customer.address else {
            return Ok(Outcome::Skipped("the customer has no address"));
        };
        if !address.is_complete() {
            return Ok(Outcome::Skipped("the customer's address has no line1 or no city"));
        }
        let key = LocationKey::derived(customer.meta.created_at, &customer.key.to_string());
        let body = Map::from_iter([
            ("name".into(), json!(customer.name)),
            ("address".into(), json!(address)),
            ("isHeadquarters".into(), json!(true)),
            ("isActive".into(), json!(true)),
        ]);
        let location = Location::new(key, body, job.change.now, &job.change.actor)?;
        Ok(
            match ctx
                .parts::<Location>()
                .create_first(job.tenant.itself(), &location, &job.change)
                .await?
            {
                FirstLocation::Created => Outcome::Done,
                FirstLocation::Existed => Outcome::Skipped("the location was created before"),
                FirstLocation::CustomerDeleted => Outcome::Skipped("the customer was deleted"),
            },
        )
    }
}
