//! `cargo local redrive QUEUE`: sends dead letters home.

use anyhow::{Result, bail};
use clap::Args;
use serde_json::Value;

use super::print;
use super::running::Running;
use crate::data::DataFolder;
use crate::sqs::Depth;

#[derive(Args)]
pub struct Arguments {
    /// A queue, or its dead-letter queue
    queue: String,
}

pub fn run(data: &DataFolder, arguments: &Arguments) -> Result<()> {
    let running = Running::find(data)?;
    let depths: Vec<Depth> = running.get("/_local/queues")?;
    if !depths.iter().any(|depth| depth.name == arguments.queue) {
        let known: Vec<&str> = depths.iter().map(|depth| depth.name.as_str()).collect();
        bail!(
            "there is no queue `{}`; there are: {}",
            arguments.queue,
            known.join(", ")
        );
    }
    let answer = running.post(&format!("/_local/queues/{}/redrive", arguments.queue), b"")?;
    if answer.status != 200 {
        bail!("the redrive was refused: {}", answer.message());
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
