//! `cargo local queues`: prints the number of messages in each queue. Dead letters have a separate column.

use anyhow::Result;

use super::output::print;
use super::running::Running;
use crate::data::DataFolder;
use crate::sqs::Depth;

pub fn run(data: &DataFolder) -> Result<()> {
    let depths: Vec<Depth> = Running::find(data)?.get("/_local/queues")?;
    for line in table(&depths) {
        print(&line)?;
    }
    Ok(())
}

fn table(depths: &[Depth]) -> Vec<String> {
    let width = depths
        .iter()
        .map(|depth| depth.name.len())
        .max()
        .unwrap_or(0)
        .max("QUEUE".len());
    let line = |name: &str, cells: [String; 4]| {
        let [waiting, in_flight, delayed, dead] = cells;
        format!("{name:width$}  {waiting:>8}  {in_flight:>9}  {delayed:>8}  {dead:>6}")
    };
    let mut lines = vec![line(
        "QUEUE",
        ["WAITING", "IN FLIGHT", "DELAYED", "DEAD"].map(str::to_owned),
    )];
    for depth in depths {
        // Messages in a dead-letter queue do not wait for a function.
        let (waiting, dead) = if depth.is_dead_letter_queue {
            ("-".to_owned(), depth.visible.to_string())
        } else {
            (depth.visible.to_string(), "-".to_owned())
        };
        lines.push(line(
            &depth.name,
            [waiting, depth.in_flight.to_string(), depth.delayed.to_string(), dead],
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_letters_have_a_separate_column() {
        let depth = |name: &str, is_dead_letter_queue| Depth {
            name: name.to_owned(),
            visible: 2,
            in_flight: 1,
            delayed: 0,
            is_dead_letter_queue,
        };
        assert_eq!(
            table(&[depth("tasks", false), depth("tasks-dead", true)]),
            [
                "QUEUE        WAITING  IN FLIGHT   DELAYED    DEAD",
                "tasks              2          1         0       -",
                "tasks-dead         -          1         0       2",
            ]
        );
    }
}
