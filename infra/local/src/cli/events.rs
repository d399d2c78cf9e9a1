//! `cargo local events`: the events that went over the buses, one JSON line each.

use anyhow::Result;
use clap::Args;

use super::print;
use super::running::Running;
use crate::data::DataFolder;
use crate::eventbridge::Past;

/// As many as one request gives.
const PAGE: u32 = 1000;

#[derive(Args)]
pub struct Arguments {
    /// Go on with new events as they come
    #[arg(long, short)]
    follow: bool,
}

pub fn run(data: &DataFolder, arguments: &Arguments) -> Result<()> {
    let running = Running::find(data)?;
    // Seconds that a request for newer events may wait.
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
