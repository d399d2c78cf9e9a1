//! `cargo local redrive QUEUE`: sends dead letters back to the queue that gave them up.

use anyhow::{Result, bail};
use clap::Args;
use serde_json::Value;

use super::name;
use super::output::print;
use super::running::Running;
use crate::data::DataFolder;
use crate::sqs::Depth;

#[derive(Args)]
pub struct Arguments {
    /// The queue, or its dead-letter queue
    queue: String,
}

pub fn run(data: &DataFolder, arguments: &Arguments) -> Result<()> {
    let running = Running::find(data)?;
    let depths: Vec<Depth> = running.get("/_local/queues")?;
    let names: Vec<String> = depths.into_iter().map(|depth| depth.name).collect();
    let queue = name::find("queue", &arguments.queue, &names)?;
    let answer = running.post(&format!("/_local/queues/{queue}/redrive"), b"")?;
    if answer.status != 200 {
        bail!("the redrive failed: {}", answer.message());
    }
    let moved = serde_json::from_str::<Value>(&answer.body)?["moved"]
        .as_u64()
        .unwrap_or(0);
    print(&format!(
        "{moved} message{} sent back",
        if moved == 1 { "" } else { "s" }
    ))?;
    Ok(())
}
