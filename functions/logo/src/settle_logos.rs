//! Task, on the change of a logo and the end of who showed it: what is shown stays, what was shown before goes.
//!
//! It goes by what is shown now, and each object was shown once at most: so order and repeats change nothing.

use domain::{Error, Kind, Owner, Result, client::Client, customer::Customer, logo::Logo};
use events::EventType;
use logos::Logos;
use runtime::{Context, Job, Outcome, Task, TaskSpec};
use serde_json::Value;
use table::logos::Logos as Shown;

pub struct SettleLogos;

impl Task for SettleLogos {
    const SPEC: TaskSpec = TaskSpec::new(
        "settle-logos",
        "What logo is shown stays for good; the one before it goes.",
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
    .performs(&[Shown::HOLDER])
    .objects(&[Logos::KEEP, Logos::REMOVE]);

    async fn run(ctx: &Context, job: Job) -> Result<Outcome> {
        let (before, after) = (logo_of(&job.event.before), logo_of(&job.event.after));
        if before == after {
            return Ok(Outcome::Skipped("it is about no logo"));
        }
        let shown = match ctx.table.logos().holder(owner(&job)?).await {
            Ok(holder) => holder.logo().cloned(),
            Err(Error::NotFound(_)) => None,
            Err(error) => return Err(error),
        };
        if let Some(shown) = &shown {
            ctx.logos()?.keep(shown).await?;
        }
        if let Some(before) = before.filter(|before| Some(before) != shown.as_ref()) {
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
