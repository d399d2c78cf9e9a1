//! The resources that all tasks share: one queue policy, and alarms that each watch up to ten functions.

use super::{fill, id};
use runtime::Function;

/// The metrics that one alarm may combine. CloudWatch allows no more.
const METRICS_OF_AN_ALARM: usize = 10;

pub fn sections(functions: &[&Function]) -> Vec<String> {
    let tasks: Vec<&str> = functions
        .iter()
        .filter(|function| matches!(function, Function::Task(_)))
        .map(|function| function.name())
        .collect();
    let throttled: Vec<&str> = functions
        .iter()
        .filter(|function| matches!(function, Function::Task(_) | Function::Trigger(_)))
        .map(|function| function.name())
        .collect();
    let mut sections = vec![queues_policy(&tasks)];
    sections.extend(alarms(
        include_str!("parts/dead-letters-alarm.yaml"),
        include_str!("parts/dead-letters-metric.yaml"),
        &tasks,
    ));
    sections.extend(alarms(
        include_str!("parts/throttles-alarm.yaml"),
        include_str!("parts/throttles-metric.yaml"),
        &throttled,
    ));
    sections
}

fn queues_policy(tasks: &[&str]) -> String {
    let queues: Vec<String> = tasks
        .iter()
        .map(|task| id(task))
        .flat_map(|id| {
            [
                format!("        - !Ref {id}Queue"),
                format!("        - !Ref {id}DeadLetters"),
            ]
        })
        .collect();
    fill(
        include_str!("parts/queues-policy.yaml"),
        &[("{queues}", &queues.join("\n"))],
    )
}

/// As few alarms as can watch all the functions, with about as many functions each.
fn alarms(alarm: &str, metric: &str, functions: &[&str]) -> Vec<String> {
    let alarms = functions.len().div_ceil(METRICS_OF_AN_ALARM);
    if alarms == 0 {
        return Vec::new();
    }
    let watched = functions.chunks(functions.len().div_ceil(alarms));
    watched
        .zip(1..)
        .map(|(functions, number)| {
            let metrics: Vec<String> = functions.iter().map(|name| metric_of(metric, name)).collect();
            // A queue or function without traffic has no data points, and a sum with one missing part has none either.
            let parts: Vec<String> = functions
                .iter()
                .map(|name| format!("FILL({}, 0)", metric_id(name)))
                .collect();
            fill(
                alarm,
                &[
                    ("{number}", &number.to_string()),
                    ("{sum}", &parts.join(" +\n            ")),
                    ("{metrics}", metrics.concat().trim_end()),
                ],
            )
        })
        .collect()
}

fn metric_of(metric: &str, name: &str) -> String {
    fill(
        metric,
        &[("{metric}", &metric_id(name)), ("{Id}", &id(name)), ("{name}", name)],
    )
}

/// Ids of metrics take no hyphens.
fn metric_id(name: &str) -> String {
    name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_alarm_combines_more_metrics_than_cloudwatch_allows() {
        for (functions, sizes) in [
            (0, vec![]),
            (1, vec![1]),
            (10, vec![10]),
            (11, vec![6, 5]),
            (25, vec![9, 9, 7]),
        ] {
            let names = vec!["a"; functions];
            let alarms = alarms("{sum}", "", &names);
            let found: Vec<usize> = alarms.iter().map(|alarm| alarm.matches("FILL").count()).collect();
            assert_eq!(found, sizes, "{functions} functions");
        }
    }
}
