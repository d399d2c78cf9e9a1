//! The log lines of a function.

use chrono::DateTime;
use runtime::logs;
use serde_json::{Value, json};
use std::{
    io,
    sync::{Arc, Mutex},
};
use tracing::{level_filters::LevelFilter, subscriber};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lines that this closure logs.
fn logged(function: &str, log: impl FnOnce()) -> Vec<String> {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = logs::subscriber(function, LevelFilter::INFO, move || writer.clone());
    subscriber::with_default(subscriber, log);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn every_log_line_is_json_that_starts_with_the_function() {
    let lines = logged("get-customer", || {
        tracing::info!(request_id = "r", status = 200, "answered");
        tracing::error!("a failure\nof \"two\" lines");
        tracing::debug!("not at this level");
    });
    assert_eq!(lines.len(), 2);
    for line in &lines {
        assert!(line.starts_with(r#"{"function":"get-customer","#), "{line}");
        assert_eq!(line.matches("\"function\"").count(), 1, "{line}");
    }
    // Lambda's JSON log format reads these two fields: without them, it takes a line for INFO and gives it a time of its own.
    for (line, level) in lines.iter().zip(["INFO", "ERROR"]) {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["level"], level, "{line}");
        let timestamp = line["timestamp"].as_str().unwrap();
        assert!(DateTime::parse_from_rfc3339(timestamp).is_ok(), "{line}");
    }
    let answered: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(answered["message"], "answered");
    assert_eq!(answered["status"], json!(200));
    let failure: Value = serde_json::from_str(&lines[1]).unwrap();
    assert_eq!(failure["message"], "a failure\nof \"two\" lines");
}

#[test]
fn a_quote_in_the_functions_name_is_escaped() {
    let lines = logged("a\"b", || tracing::info!("done"));
    let line: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(line["function"], "a\"b");
}
