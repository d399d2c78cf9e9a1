//! The generated files are up to date, and areas, packages, functions and sample payloads match.

use crate::support::{World, functions, tasks};
use lambda_http::request::from_str;
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs};

fn names_of_functions() -> BTreeSet<String> {
    functions().iter().map(|function| function.name().to_owned()).collect()
}

/// The names of the files in a folder that have this ending, without the ending.
fn files(folder: &str, ending: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(template::root().join(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names
        .filter_map(|name| name.strip_suffix(ending).map(str::to_owned))
        .collect()
}

fn sample(function: &str) -> String {
    fs::read_to_string(template::root().join(format!("events/{function}.json"))).unwrap()
}

#[test]
fn every_generated_file_is_up_to_date() {
    let stale: Vec<_> = template::stale()
        .unwrap()
        .into_iter()
        .map(|output| output.path)
        .collect();
    assert!(stale.is_empty(), "run `cargo run --bin template` for {stale:?}");
    assert!(
        template::leftovers().unwrap().is_empty(),
        "run `cargo run --bin template`"
    );
}

#[test]
fn every_area_is_a_package_and_every_package_of_functions_an_area() {
    let folders = fs::read_dir(template::root().join("functions")).unwrap();
    let packages: BTreeSet<String> = folders
        .map(|area| area.unwrap().file_name().into_string().unwrap())
        .collect();
    let areas: BTreeSet<String> = template::AREAS.iter().map(|area| area.name.to_owned()).collect();
    assert_eq!(packages, areas);
}

#[test]
fn every_function_has_a_sample_payload_and_every_payload_a_function() {
    let of_functions: BTreeSet<String> = files("events", ".json")
        .into_iter()
        // A function that receives several kinds of events has a payload for each: `<function>.<kind>.json`.
        .map(|name| name.split('.').next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(of_functions, names_of_functions());
}

/// The template tells `cargo local invoke` where the samples are and what stands in them for a token.
#[test]
fn the_template_names_the_samples_and_their_placeholder() {
    let text = fs::read_to_string(template::root().join("template.yaml")).unwrap();
    let line = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("Samples: "))
        .unwrap();
    let placeholder = line
        .strip_prefix("{Folder: events, Token: ")
        .and_then(|rest| rest.strip_suffix('}'))
        .unwrap();
    for endpoint in crate::support::endpoints() {
        let event: Value = serde_json::from_str(&sample(endpoint.spec.name)).unwrap();
        assert_eq!(
            event["headers"]["authorization"],
            format!("Bearer {placeholder}"),
            "{}",
            endpoint.spec.name
        );
    }
}

#[tokio::test]
async fn every_endpoint_accepts_its_sample_payload() {
    for function in functions() {
        let runtime::Function::Endpoint(endpoint) = function else {
            continue;
        };
        let name = endpoint.spec.name;
        let event: Value = serde_json::from_str(&sample(name)).unwrap();
        let route = format!("{} {}", endpoint.spec.method.name(), endpoint.spec.route);
        assert_eq!(event["routeKey"], route, "{name}");
        let world = World::new().await;
        let bearer = json!(format!("Bearer {}", world.admin().sign()));
        let mut event = event;
        event["headers"]["authorization"] = bearer;
        let response = (endpoint.call)(&world.ctx, from_str(&event.to_string()).unwrap()).await;
        // The table is empty: an entity that the sample does not create is not found.
        let status = response.status().as_u16();
        assert!(
            [200, 201, 404].contains(&status),
            "{name}: {status} {:?}",
            response.body()
        );
    }
}

#[tokio::test]
async fn every_task_accepts_its_sample_payload() {
    for task in tasks() {
        let batch: Value = serde_json::from_str(&sample(task.spec.name)).unwrap();
        let body: Value = serde_json::from_str(batch["Records"][0]["body"].as_str().unwrap()).unwrap();
        let detail: events::Event = serde_json::from_value(body["detail"].clone()).unwrap();
        assert!(task.spec.on.contains(&detail.r#type), "{}", task.spec.name);
        assert_eq!(body["detail-type"], detail.r#type.name());
        let world = World::new().await;
        let response = (task.call)(&world.ctx, serde_json::from_value(batch).unwrap()).await;
        assert!(response.batch_item_failures.is_empty(), "{}", task.spec.name);
    }
}

#[tokio::test]
async fn the_trigger_publishes_an_event_for_its_sample_payload() {
    let batch: Value = serde_json::from_str(&sample("table-stream")).unwrap();
    let world = World::new().await;
    assert_eq!(world.trigger_on(batch["Records"].as_array().unwrap()).await, None);
    assert!(!world.spine.take().is_empty());
}
