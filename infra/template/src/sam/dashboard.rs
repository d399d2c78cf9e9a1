//! The dashboard: the API, the way of an event, the table, and three graphs an area.

use super::fill;
use crate::Area;
use runtime::Function;
use serde_json::{Value, json};
use table::keys::Index;

/// A dashboard is 24 columns wide.
const COLUMNS: usize = 24;
const HEIGHT: usize = 6;

/// A graph: its title, its statistic, and its metrics in the dashboard's notation.
struct Graph {
    title: String,
    statistic: &'static str,
    metrics: Vec<Value>,
}

pub fn section(areas: &[Area]) -> String {
    let mut rows = shared_rows(areas);
    rows.extend(areas.iter().map(area_row));
    let widgets: Vec<String> = rows
        .iter()
        .enumerate()
        .flat_map(|(row, graphs)| widgets(row, graphs))
        .collect();
    let body = format!(
        "        {{\"widgets\": [\n          {}\n        ]}}",
        widgets.join(",\n          ")
    );
    fill(include_str!("parts/dashboard.yaml"), &[("{body}", &body)])
}

/// The graphs of a row, side by side.
fn widgets(row: usize, graphs: &[Graph]) -> Vec<String> {
    let width = COLUMNS / graphs.len();
    let widget = |(column, graph): (usize, &Graph)| {
        json!({
            "type": "metric",
            "x": column * width,
            "y": row * HEIGHT,
            "width": width,
            "height": HEIGHT,
            "properties": {
                "title": graph.title,
                "region": "${AWS::Region}",
                "stat": graph.statistic,
                "period": 60,
                "metrics": graph.metrics,
            },
        })
        .to_string()
    };
    graphs.iter().enumerate().map(widget).collect()
}

fn shared_rows(areas: &[Area]) -> Vec<Vec<Graph>> {
    let functions = areas.iter().flat_map(|area| area.functions);
    let tasks: Vec<&str> = functions
        .clone()
        .filter(|function| matches!(function, Function::Task(_)))
        .map(Function::name)
        .collect();
    let triggers: Vec<&str> = functions
        .filter(|function| matches!(function, Function::Trigger(_)))
        .map(Function::name)
        .collect();
    vec![
        vec![
            Graph {
                title: "API: requests and errors".to_owned(),
                statistic: "Sum",
                metrics: ["Count", "4xx", "5xx"].map(|metric| json!(["AWS/ApiGateway", metric, "ApiId", "${Api}"])).into(),
            },
            Graph {
                title: "API: latency, ms".to_owned(),
                statistic: "p99",
                metrics: ["p50", "p99"]
                    .map(|statistic| {
                        json!(["AWS/ApiGateway", "Latency", "ApiId", "${Api}", {"stat": statistic, "label": statistic}])
                    })
                    .into(),
            },
        ],
        vec![
            Graph {
                title: "Stream: age of the oldest change, ms".to_owned(),
                statistic: "Maximum",
                metrics: of_functions("IteratorAge", &triggers),
            },
            Graph {
                title: "Tasks: age of the oldest message, s".to_owned(),
                statistic: "Maximum",
                metrics: of_queues("ApproximateAgeOfOldestMessage", "", &tasks),
            },
            Graph {
                title: "Tasks: dead letters".to_owned(),
                statistic: "Maximum",
                metrics: of_queues("ApproximateNumberOfMessagesVisible", "-dead-letters", &tasks),
            },
        ],
        vec![
            Graph {
                title: "Table: capacity units a minute".to_owned(),
                statistic: "Sum",
                metrics: of_table(&["ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"]),
            },
            Graph {
                title: "Table: throttled requests".to_owned(),
                statistic: "Sum",
                metrics: of_table(&["ReadThrottleEvents", "WriteThrottleEvents"]),
            },
        ],
    ]
}

fn area_row(area: &Area) -> Vec<Graph> {
    let names: Vec<&str> = area.functions.iter().map(Function::name).collect();
    [
        ("invocations", "Invocations", "Sum"),
        ("errors", "Errors", "Sum"),
        ("duration p99, ms", "Duration", "p99"),
    ]
    .into_iter()
    .map(|(title, metric, statistic)| Graph {
        title: format!("{}: {title}", area.name),
        statistic,
        metrics: of_functions(metric, &names),
    })
    .collect()
}

fn of_functions(metric: &str, functions: &[&str]) -> Vec<Value> {
    let metric = |name: &&str| json!(["AWS/Lambda", metric, "FunctionName", format!("${{AWS::StackName}}-{name}"), {"label": name}]);
    functions.iter().map(metric).collect()
}

fn of_queues(metric: &str, ending: &str, tasks: &[&str]) -> Vec<Value> {
    let metric = |name: &&str| {
        let queue = format!("${{AWS::StackName}}-{name}{ending}");
        json!(["AWS/SQS", metric, "QueueName", queue, {"label": name}])
    };
    tasks.iter().map(metric).collect()
}

/// The table's own metrics leave its indexes out.
fn of_table(metrics: &[&str]) -> Vec<Value> {
    let metric = |metric: &&str| {
        let table = json!(["AWS/DynamoDB", metric, "TableName", "${Table}", {"label": format!("table {metric}")}]);
        let indexes = Index::ALL.iter().map(|index| {
            let name = index.name();
            json!([
                "AWS/DynamoDB", metric, "TableName", "${Table}", "GlobalSecondaryIndexName", name,
                {"label": format!("{name} {metric}")}
            ])
        });
        [table].into_iter().chain(indexes).collect::<Vec<_>>()
    };
    metrics.iter().flat_map(metric).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AREAS;

    #[test]
    fn the_body_is_json_that_shows_every_function_and_stays_within_cloudwatchs_limits() {
        let section = section(AREAS);
        let (_, body) = section.split_once("DashboardBody: !Sub |\n").unwrap();
        let body: Value = serde_json::from_str(body).unwrap();
        let widgets = body["widgets"].as_array().unwrap();
        let metrics: Vec<&Value> = widgets
            .iter()
            .flat_map(|widget| {
                let metrics = widget["properties"]["metrics"].as_array().unwrap();
                assert!(metrics.len() <= 500, "{widget}");
                assert!(!metrics.is_empty(), "{widget}");
                metrics
            })
            .collect();
        assert!(metrics.len() <= 2500, "{}", metrics.len());
        for function in crate::functions() {
            let name = json!(format!("${{AWS::StackName}}-{}", function.name()));
            let shown = metrics
                .iter()
                .filter(|metric| metric[3] == name && metric[0] == "AWS/Lambda");
            assert!(shown.count() >= 3, "{}", function.name());
        }
    }
}
