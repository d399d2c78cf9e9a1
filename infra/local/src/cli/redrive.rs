//! `cargo local redrive QUEUE`: sends dead letters back to the queue that gave them up, or to another queue.

use anyhow::{Result, bail};
use clap::Args;
use serde_json::Value;

use super::name;
use super::output::print;
use super::running::Running;
use crate::arn;
use crate::data::DataFolder;
use crate::sqs::{Depth, NO_SOURCE};

#[derive(Args)]
pub struct Arguments {
    /// The queue, or its dead-letter queue
    queue: String,
    /// The queue that gets the messages, by ARN or name [default: QUEUE, or for a dead-letter queue where each message came from]
    #[arg(long, value_name = "ARN")]
    destination_arn: Option<String>,
}

pub fn run(data: &DataFolder, arguments: &Arguments) -> Result<()> {
    let running = Running::find(data)?;
    let depths: Vec<Depth> = running.get("/_local/queues")?;
    let names: Vec<String> = depths.into_iter().map(|depth| depth.name).collect();
    let queue = name::find("queue", &arguments.queue, &names)?;
    let mut path = format!("/_local/queues/{queue}/redrive");
    if let Some(destination) = &arguments.destination_arn {
        let destination = name::find("queue", arn::queue_name(destination), &names)?;
        path = format!("{path}?destination={destination}");
    }
    let answer = running.post(&path, b"")?;
    if answer.status != 200 {
        bail!("the redrive failed: {}", answer.message());
    }
    let answer: Value = serde_json::from_str(&answer.body)?;
    let moved = answer["moved"].as_u64().unwrap_or(0);
    print(&format!(
        "{moved} message{} sent back",
        if moved == 1 { "" } else { "s" }
    ))?;
    match answer["failure"].as_str() {
        None => Ok(()),
        Some(NO_SOURCE) => bail!(
            "the redrive stopped ({NO_SOURCE}): no queue gave the next message up, so name its queue with --destination-arn"
        ),
        Some(failure) => bail!("the redrive stopped ({failure})"),
    }
}
