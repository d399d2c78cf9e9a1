//! `cargo local events`: prints the events of the buses, one JSON line each.

use anyhow::Result;
use clap::Args;

use super::output::print;
use super::running::Running;
use crate::data::DataFolder;
use crate::eventbridge::Past;

/// The number of events per request.
const PAGE: u32 = 1000;

#[derive(Args)]
pub struct Arguments {
    /// Wait for new events and print them too
    #[arg(long, short)]
    follow: bool,
}

pub fn run(data: &DataFolder, arguments: &Arguments) -> Result<()> {
    let running = Running::find(data)?;
    // The seconds that a request waits for newer events.
    let wait = if arguments.follow { 20 } else { 0 };
    let mut after = 0;
    loop {
        let events: Vec<Past> = running.get(&format!("/_local/events?after={after}&limit={PAGE}&wait={wait}"))?;
        for past in &events {
            print(&past.event.to_string())?;
            after = past.number;
        }
        if events.is_empty() && !arguments.follow {
            return Ok(());
        }
    }
}
