//! Figures as Markdown.

use anyhow::{Context, Result};
use std::time::Duration;

/// A table whose columns are also aligned in a terminal.
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(heads: &[&str]) -> Self {
        Self {
            rows: vec![heads.iter().map(|head| (*head).to_owned()).collect()],
        }
    }

    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    pub fn print(&self, title: &str) {
        let columns: Vec<Column> = (0..self.rows[0].len()).map(|index| self.column(index)).collect();
        println!("\n### {title}\n");
        for (index, row) in self.rows.iter().enumerate() {
            let cells: Vec<String> = row
                .iter()
                .zip(&columns)
                .map(|(cell, column)| column.pad(cell))
                .collect();
            println!("| {} |", cells.join(" | "));
            if index == 0 {
                let rules: Vec<String> = columns.iter().map(Column::rule).collect();
                println!("| {} |", rules.join(" | "));
            }
        }
    }

    fn column(&self, index: usize) -> Column {
        Column {
            width: self
                .rows
                .iter()
                .map(|row| row[index].chars().count())
                .max()
                .unwrap_or(0),
            is_figures: self.rows[1..]
                .iter()
                .all(|row| row[index].is_empty() || row[index].parse::<f64>().is_ok()),
        }
    }
}

struct Column {
    width: usize,
    /// Columns of figures are aligned to the right.
    is_figures: bool,
}

impl Column {
    fn pad(&self, cell: &str) -> String {
        let width = self.width;
        if self.is_figures {
            format!("{cell:>width$}")
        } else {
            format!("{cell:<width$}")
        }
    }

    fn rule(&self) -> String {
        if self.is_figures {
            format!("{}:", "-".repeat(self.width - 1))
        } else {
            "-".repeat(self.width)
        }
    }
}

pub fn median(samples: &[Duration]) -> Result<Duration> {
    let mut sorted = samples.to_vec();
    sorted.sort();
    sorted
        .get(sorted.len() / 2)
        .copied()
        .context("nothing was measured: at least one run is needed")
}

pub fn milliseconds(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1e3)
}

pub fn microseconds(time: Duration) -> String {
    format!("{:.0}", time.as_secs_f64() * 1e6)
}

pub fn ratio(of: Duration, to: Duration) -> String {
    format!("{:.2}", of.as_secs_f64() / to.as_secs_f64())
}

pub fn megabytes(bytes: usize) -> String {
    format!("{:.2}", bytes as f64 / 1e6)
}
