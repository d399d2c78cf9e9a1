//! Task, on the change of a logo and the deletion of its customer or client: keeps the current image and deletes the previous one.
//!
//! It reads which logo is current, and an image that was replaced never becomes current again. So order and repeats of events change
//! nothing.

use domain::{Error, Kind, Owner, Result, client::Client, customer::Customer, logo::Logo};
use events::EventType;
use logos::Logos;
use runtime::{Context, Job, Outcome, Task, TaskSpec};
use serde_json::Value;
use std::convert::Infallible;
use table::logos::Logos as LogoRecords;

pub struct SettleLogos;

impl Task for SettleLogos {
    const SPEC: TaskSpec = TaskSpec::new(
        "settle-logos",
        "Keep the image of the current logo and delete that of the previous one.",
        &[
            EventType::updated::<Customer>(),
            EventType::deleted::<Customer>(),
            EventType::updated::<Client>(),
            EventType::deleted::<Client>(),
        ],
    )
    .about(
        r#"{"$or": [{"changed": ["logo"]}, {"type": ["CUSTOMER_DELETED", "CUSTOMER_CLIENT_DELETED"], "before": {"logo": {"url": [{"exists": true}]}}}]}"#,
    )
    .performs(&[LogoRecords::HOLDER])
    .objects(&[Logos::KEEP, Logos::REMOVE]);
    type Cursor = Infallible;

    async fn run(ctx: &Context, job: Job) -> Result<Outcome> {
        let (before, after) = (logo_of(&job.event.before), logo_of(&job.event.after));
        if before == after {
            return Ok(Outcome::Skipped("the event changes no logo"));
        }
        let current = match ctx.table.logos().holder(owner(&job)?).await {
            Ok(holder) => holder.logo().cloned(),
            Err(Error::NotFound(_)) => None,
            Err(error) => return Err(error),
        };
        if let Some(current) = &current {
            ctx.logos()?.keep(current).await?;
        }
        if let Some(before) = before.filter(|before| Some(before) != current.as_ref()) {
            ctx.logos()?.remove(&before).await?;
        }
        Ok(Outcome::Done)
    }
}

fn owner(job: &Job) -> Result<Owner> {
    match job.event.entity.kind == Client::KIND.name {
        true => Ok(job.tenant.client(job.key()?)),
        false => Ok(job.tenant.itself()),
    }
}

fn logo_of(image: &Option<Value>) -> Option<Logo> {
    let logo = image.as_ref()?.get("logo")?;
    serde_json::from_value(logo.clone()).ok()
}
