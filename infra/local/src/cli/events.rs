//! `cargo local events`: prints the events of the buses. On a terminal, each is a line of columns; in a pipe, it is a line of JSON.

use std::io::{self, IsTerminal};

use anyhow::Result;
use clap::Args;
use serde_json::Value;

use super::output::print;
use super::plan;
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
    /// Print JSON on a terminal too
    #[arg(long)]
    json: bool,
}

pub fn run(data: &DataFolder, arguments: &Arguments) -> Result<()> {
    let running = Running::find(data)?;
    let mut columns = match arguments.json || !io::stdout().is_terminal() {
        true => None,
        false => Some(Columns::new(plan::load()?.local.event_columns)),
    };
    // The seconds that a request waits for newer events.
    let wait = if arguments.follow { 20 } else { 0 };
    let mut after = 0;
    loop {
        let events: Vec<Past> = running.get(&format!("/_local/events?after={after}&limit={PAGE}&wait={wait}"))?;
        for past in &events {
            print(&match &mut columns {
                Some(columns) => columns.line(&past.event),
                None => past.event.to_string(),
            })?;
            after = past.number;
        }
        if events.is_empty() && !arguments.follow {
            return Ok(());
        }
    }
}

/// The columns of the lines. Each is as wide as the widest text so far.
struct Columns {
    /// JSON pointers.
    pointers: Vec<String>,
    widths: Vec<usize>,
}

impl Columns {
    /// Time and type, which every event has, and then these parts.
    fn new(parts: Vec<String>) -> Self {
        let pointers: Vec<_> = ["/time", "/detail-type"]
            .map(str::to_owned)
            .into_iter()
            .chain(parts)
            .collect();
        Self {
            widths: vec![0; pointers.len()],
            pointers,
        }
    }

    fn line(&mut self, event: &Value) -> String {
        let mut line = String::new();
        for (pointer, width) in self.pointers.iter().zip(&mut self.widths) {
            let text = match event.pointer(pointer) {
                Some(Value::String(text)) => clean(text),
                Some(other) => other.to_string(),
                None => "-".to_owned(),
            };
            *width = text.chars().count().max(*width);
            line.push_str(&format!("{text:width$}  "));
        }
        line.trim_end().to_owned()
    }
}

/// Without control characters: an event must not control the terminal.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_has_time_type_and_the_columns_of_the_template() {
        let mut columns = Columns::new(vec!["/detail/entity/key".to_owned(), "/detail/version".to_owned()]);
        let event = |kind: &str, key: &str| {
            json!({
                "time": "2026-11-23T08:00:00Z", "detail-type": kind, "source": "shop",
                "detail": {"entity": {"key": key}, "version": 3},
            })
        };
        assert_eq!(
            columns.line(&event("SOLD", "a-1")),
            "2026-11-23T08:00:00Z  SOLD  a-1  3"
        );
        assert_eq!(
            columns.line(&event("RETURNED", "a-1\u{1b}[2J")),
            "2026-11-23T08:00:00Z  RETURNED  a-1\u{fffd}[2J  3"
        );
        // Aligned with the line above.
        assert_eq!(
            columns.line(&event("SOLD", "b")),
            "2026-11-23T08:00:00Z  SOLD      b        3"
        );
        assert_eq!(
            columns.line(&json!({"time": "t", "detail-type": "d"})),
            format!("{:20}  d         -        -", "t")
        );
    }
}
