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
        let lines: Vec<_> = match &mut columns {
            Some(columns) => columns.lines(events.iter().map(|past| &past.event)),
            None => events.iter().map(|past| past.event.to_string()).collect(),
        };
        for line in &lines {
            print(line)?;
        }
        after = events.last().map_or(after, |past| past.number);
        if events.is_empty() && !arguments.follow {
            return Ok(());
        }
    }
}

/// The columns of the lines. Each is as wide as its widest text so far.
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

    fn lines<'e>(&mut self, events: impl Iterator<Item = &'e Value>) -> Vec<String> {
        let rows: Vec<Vec<String>> = events.map(|event| self.cells(event)).collect();
        for row in &rows {
            for (cell, width) in row.iter().zip(&mut self.widths) {
                *width = cell.chars().count().max(*width);
            }
        }
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&self.widths);
            let line: String = cells.map(|(cell, width)| format!("{cell:width$}  ")).collect();
            line.trim_end().to_owned()
        };
        rows.iter().map(line).collect()
    }

    fn cells(&self, event: &Value) -> Vec<String> {
        let cell = |pointer: &String| match event.pointer(pointer) {
            Some(Value::String(text)) => clean(text),
            Some(other) => other.to_string(),
            None => "-".to_owned(),
        };
        self.pointers.iter().map(cell).collect()
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
        let events = [event("SOLD", "a-1"), event("RETURNED", "a-1\u{1b}[2J")];
        assert_eq!(
            columns.lines(events.iter()),
            [
                "2026-11-23T08:00:00Z  SOLD      a-1      3",
                "2026-11-23T08:00:00Z  RETURNED  a-1\u{fffd}[2J  3",
            ]
        );
        // Aligned with the lines above.
        let later = json!({"time": "t", "detail-type": "d", "detail": {"version": 4}});
        assert_eq!(
            columns.lines([&later].into_iter()),
            [format!("{:20}  {:8}  {:7}  4", "t", "d", "-")]
        );
    }
}
