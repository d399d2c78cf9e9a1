//! The alarms of the template and their runbooks in docs/operations.md.

use std::fs;
use template::root;

#[test]
fn every_alarm_has_a_runbook_and_every_runbook_an_alarm() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let template = read("template.yaml");
    let mut alarms: Vec<&str> = template
        .split("\n    Type: AWS::CloudWatch::Alarm\n")
        .filter_map(|before| before.lines().next_back()?.trim().strip_suffix(':'))
        // Alarms of one kind are numbered and share a runbook.
        .map(|name| name.trim_end_matches(|c: char| c.is_ascii_digit()))
        .filter(|name| name.ends_with("Alarm"))
        .collect();
    let operations = read("docs/operations.md");
    let headings = operations.lines().filter_map(|line| line.strip_prefix("### `"));
    let mut runbooks: Vec<&str> = headings.filter_map(|line| line.strip_suffix('`')).collect();
    alarms.sort_unstable();
    alarms.dedup();
    runbooks.sort_unstable();
    assert!(alarms.len() >= 10, "{alarms:?}");
    assert_eq!(alarms, runbooks);
}
