//! Warm invocations: the processor time of one in a process that has handled many, beside the same SDK call in an empty handler.

use crate::{
    binaries::{BARE_GET, Binaries, HELLO},
    cases::Cases,
    process::Process,
    report::{Table, median, microseconds, ratio},
    store::TABLE,
    world::World,
};
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use std::time::Duration;

/// The function that is compared with its own SDK call.
pub const FUNCTION: &str = "get-customer";
const BLOCKS: usize = 20;

struct Subject {
    name: &'static str,
    process: Process,
    event: String,
    /// The time of one invocation, for each block of them.
    blocks: Vec<Duration>,
}

pub async fn measure(world: &World, cases: &Cases<'_>, binaries: &Binaries, invocations: usize) -> Result<()> {
    let block = invocations / BLOCKS;
    ensure!(block > 0, "at least {BLOCKS} invocations are needed");
    let item = world.customer_item(world.customer_key()?)?;
    let read = json!({"table": TABLE, "pk": item["pk"]["S"], "sk": item["sk"]["S"]});
    let request = cases.event(FUNCTION).await?;
    let mut subjects = Vec::new();
    for (name, binary, event) in [
        (BARE_GET, binaries.path(BARE_GET)?, read),
        (FUNCTION, binaries.serving(FUNCTION)?, request),
        (HELLO, binaries.path(HELLO)?, Value::Null),
    ] {
        let mut subject = Subject {
            name,
            process: Process::start(&binary, name, &world.settings).await?,
            event: event.to_string(),
            blocks: Vec::new(),
        };
        // The first invocations fill caches and open connections.
        subject.invoke(block).await?;
        subjects.push(subject);
    }
    for round in 1..=BLOCKS {
        eprint!("\rwarm invocations, {} of {}", round * block, BLOCKS * block);
        for subject in &mut subjects {
            let spent = subject.invoke(block).await?;
            subject.blocks.push(spent / u32::try_from(block)?);
        }
    }
    eprintln!();

    let bare = median(&subjects[0].blocks)?;
    let mut table = Table::new(&["function", "CPU per invocation, µs", "× bare-get"]);
    for subject in &subjects {
        let cpu = median(&subject.blocks)?;
        table.row(vec![subject.name.to_owned(), microseconds(cpu), ratio(cpu, bare)]);
    }
    table.print(&format!(
        "Warm invocation ({} in each process, in turns)",
        BLOCKS * block
    ));
    Ok(())
}

impl Subject {
    /// The processor time of this many invocations.
    async fn invoke(&mut self, times: usize) -> Result<Duration> {
        let before = self.process.cpu().await?;
        for _ in 0..times {
            self.process.invoke(self.event.clone()).await?;
        }
        Ok(self.process.cpu().await?.saturating_sub(before))
    }
}
