//! The alarms that watch several functions, queues or indexes at once: metric math combines up to ten metrics in an alarm.

use super::{fill, id};
use runtime::Function;
use table::keys::Index;

/// The metrics that one alarm may combine. CloudWatch allows no more.
const METRICS_OF_AN_ALARM: usize = 10;

/// One metric of an alarm.
struct Metric {
    id: String,
    yaml: String,
}

pub fn sections(functions: &[&Function]) -> Vec<String> {
    let tasks = names(functions, |function| matches!(function, Function::Task(_)));
    let tasks_and_triggers = names(functions, |function| {
        matches!(function, Function::Task(_) | Function::Trigger(_))
    });
    let watched = [
        (
            include_str!("parts/dead-letters-alarm.yaml"),
            metrics(include_str!("parts/dead-letters-metric.yaml"), &tasks),
        ),
        (
            include_str!("parts/queue-age-alarm.yaml"),
            metrics(include_str!("parts/queue-age-metric.yaml"), &tasks),
        ),
        (
            include_str!("parts/undelivered-alarm.yaml"),
            metrics(include_str!("parts/undelivered-metric.yaml"), &tasks),
        ),
        (
            include_str!("parts/throttles-alarm.yaml"),
            metrics(include_str!("parts/throttles-metric.yaml"), &tasks_and_triggers),
        ),
        (include_str!("parts/table-throttled-alarm.yaml"), table_metrics()),
    ];
    watched
        .iter()
        .flat_map(|(alarm, metrics)| alarms(alarm, metrics))
        .collect()
}

fn names(functions: &[&Function], is_watched: impl Fn(&Function) -> bool) -> Vec<&'static str> {
    let watched = functions.iter().filter(|function| is_watched(function));
    watched.map(|function| function.name()).collect()
}

/// A metric for each function.
fn metrics(metric: &str, functions: &[&str]) -> Vec<Metric> {
    let metric = |name: &&str| Metric {
        id: metric_id(name),
        yaml: fill(
            metric,
            &[("{metric}", &metric_id(name)), ("{Id}", &id(name)), ("{name}", name)],
        ),
    };
    functions.iter().map(metric).collect()
}

/// Throttled reads and writes, of the table and of each index: the table's own metrics leave its indexes out.
fn table_metrics() -> Vec<Metric> {
    let places = [None].into_iter().chain(Index::ALL.iter().map(Some));
    places
        .flat_map(|index| {
            ["Read", "Write"].map(|kind| {
                let place = index.map_or("table", |index| index.name());
                let name = format!("{place}-{}s", kind.to_lowercase());
                let dimension = index.map_or(String::new(), |index| {
                    format!(", {{Name: GlobalSecondaryIndexName, Value: {}}}", index.name())
                });
                Metric {
                    id: metric_id(&name),
                    yaml: fill(
                        include_str!("parts/table-throttled-metric.yaml"),
                        &[
                            ("{metric}", &metric_id(&name)),
                            ("{name}", &name),
                            ("{kind}", &format!("{kind}ThrottleEvents")),
                            ("{index}", &dimension),
                        ],
                    ),
                }
            })
        })
        .collect()
}

/// As few alarms as can watch all the metrics, with about as many metrics each.
fn alarms(alarm: &str, metrics: &[Metric]) -> Vec<String> {
    let alarms = metrics.len().div_ceil(METRICS_OF_AN_ALARM);
    if alarms == 0 {
        return Vec::new();
    }
    let watched = metrics.chunks(metrics.len().div_ceil(alarms));
    watched
        .zip(1..)
        .map(|(metrics, number)| {
            // A queue or function without traffic has no data points, and a sum with one missing part has none either.
            let parts: Vec<String> = metrics.iter().map(|metric| format!("FILL({}, 0)", metric.id)).collect();
            let yaml: String = metrics.iter().map(|metric| metric.yaml.as_str()).collect();
            fill(
                alarm,
                &[
                    ("{number}", &number.to_string()),
                    ("{sum}", &parts.join(" +\n            ")),
                    ("{maximum}", &parts.join(",\n            ")),
                    ("{metrics}", yaml.trim_end()),
                ],
            )
        })
        .collect()
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
            let metrics = metrics("", &vec!["a"; functions]);
            let alarms = alarms("{sum}", &metrics);
            let found: Vec<usize> = alarms.iter().map(|alarm| alarm.matches("FILL").count()).collect();
            assert_eq!(found, sizes, "{functions} functions");
        }
    }

    #[test]
    fn every_task_is_watched_by_each_alarm_of_tasks() {
        let functions = crate::functions();
        let functions: Vec<&Function> = functions.iter().collect();
        let sections = sections(&functions).concat();
        for name in names(&functions, |function| matches!(function, Function::Task(_))) {
            let metric = format!("Id: {}\n", metric_id(name));
            assert_eq!(
                sections.matches(&metric).count(),
                4,
                "{name}: dead letters, age, undelivered events, throttles"
            );
        }
    }

    #[test]
    fn throttled_reads_and_writes_of_every_index_are_watched() {
        let alarms = alarms(include_str!("parts/table-throttled-alarm.yaml"), &table_metrics()).concat();
        for index in Index::ALL {
            let dimension = format!("{{Name: GlobalSecondaryIndexName, Value: {}}}", index.name());
            assert_eq!(alarms.matches(&dimension).count(), 2, "{}", index.name());
        }
        let table = "Dimensions: [{Name: TableName, Value: !Ref Table}]";
        assert_eq!(alarms.matches(table).count(), 2, "the table itself");
    }
}
