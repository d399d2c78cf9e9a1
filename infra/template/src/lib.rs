//! The files that are generated from the functions' declarations: the generated part of `template.yaml`, the OpenAPI and AsyncAPI
//! documents, schemas and samples of events, a payload for each function, the access patterns of the table.

mod access_patterns;
mod asyncapi;
mod json;
mod openapi;
mod payloads;
mod sam;

use anyhow::{Context, Result};
use domain::{
    api_key::{self, ApiKey},
    client::Client,
    contact::Contact,
    department::Department,
    location::Location,
    partition::Partition,
    partition_group::PartitionGroup,
};
use events::{Event, EventType};
use runtime::{Area, Function};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Every area of the service: the one list of them.
pub const AREAS: &[Area] = &[
    customers::AREA,
    clients::AREA,
    structure::AREA,
    logo::AREA,
    partitions::AREA,
    api_keys::AREA,
    table_stream::AREA,
    docs::AREA,
];

/// Events that no task receives: they are for integrators. A test finds events that are neither here nor received by a task.
pub const UNROUTED: &[EventType] = &[
    EventType::created::<Client>(),
    EventType::created::<Department>(),
    EventType::updated::<Department>(),
    EventType::deleted::<Department>(),
    EventType::created::<Location>(),
    EventType::updated::<Location>(),
    EventType::created::<Contact>(),
    EventType::updated::<Contact>(),
    EventType::deleted::<Contact>(),
    EventType::created::<PartitionGroup>(),
    EventType::updated::<PartitionGroup>(),
    EventType::deleted::<PartitionGroup>(),
    EventType::created::<Partition>(),
    EventType::updated::<Partition>(),
    EventType::created::<ApiKey>(),
    EventType::updated::<ApiKey>(),
    EventType::of::<ApiKey>(&api_key::ROTATED),
    EventType::of::<ApiKey>(&api_key::EXPIRED),
    EventType::deleted::<ApiKey>(),
];

/// Folders whose files are all generated.
const GENERATED_FOLDERS: &[&str] = &["events", "docs/schemas", "docs/samples"];

/// A generated file. Its path starts at the repository's root.
pub struct Output {
    pub path: PathBuf,
    pub text: String,
}

/// The area that a function belongs to.
pub fn area_of(function: &str) -> Option<&'static Area> {
    AREAS
        .iter()
        .find(|area| area.functions.iter().any(|f| f.name() == function))
}

/// Every function of the service.
pub fn functions() -> Vec<Function> {
    AREAS.iter().flat_map(|area| area.functions).copied().collect()
}

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every generated file, brought up to date.
pub fn outputs() -> Result<Vec<Output>> {
    let functions = functions();
    let template = read("template.yaml")?;
    let mut outputs = vec![
        Output::text("template.yaml", sam::template(&template, AREAS)?),
        Output::json("docs/openapi.json", &openapi::document(&functions)),
        Output::json("docs/asyncapi.json", &asyncapi::document(&functions)),
        Output::text("docs/access-patterns.md", access_patterns::document(&functions)),
    ];
    for event in EventType::ALL {
        let name = event.name();
        outputs.push(Output::json(&format!("docs/schemas/{name}.json"), &event.schema()));
        outputs.push(Output::json(
            &format!("docs/samples/{name}.json"),
            &Event::sample(*event),
        ));
    }
    for (ending, payload) in payloads::rest_api_authorizers() {
        let path = format!("events/authorize-api-key.{ending}.json");
        outputs.push(Output::json(&path, &payload));
    }
    for function in &functions {
        let path = format!("events/{}.json", function.name());
        outputs.push(Output::json(&path, &payloads::payload(function)?));
    }
    Ok(outputs)
}

/// The generated files that are missing or not up to date.
pub fn stale() -> Result<Vec<Output>> {
    let mut outputs = outputs()?;
    outputs.retain(|output| fs::read_to_string(root().join(&output.path)).ok().as_ref() != Some(&output.text));
    Ok(outputs)
}

/// Files in the generated folders that are no longer generated.
pub fn leftovers() -> Result<Vec<PathBuf>> {
    let current: Vec<PathBuf> = outputs()?.into_iter().map(|output| output.path).collect();
    let mut leftovers = Vec::new();
    for folder in GENERATED_FOLDERS {
        let Ok(entries) = fs::read_dir(root().join(folder)) else {
            continue;
        };
        for entry in entries {
            let entry = entry.with_context(|| format!("{folder} can't be read"))?;
            let path = Path::new(folder).join(entry.file_name());
            if entry.path().is_file() && !current.contains(&path) {
                leftovers.push(path);
            }
        }
    }
    Ok(leftovers)
}

impl Output {
    fn text(path: &str, text: String) -> Self {
        Self {
            path: path.into(),
            text,
        }
    }

    fn json(path: &str, value: &Value) -> Self {
        Self::text(path, json::text(value))
    }
}

fn read(path: &str) -> Result<String> {
    fs::read_to_string(root().join(path)).with_context(|| format!("{path} can't be read"))
}

/// The event types that at least one task receives.
pub fn routed(functions: &[Function]) -> Vec<EventType> {
    functions
        .iter()
        .flat_map(|function| match function {
            Function::Task(task) => task.spec.on,
            _ => &[],
        })
        .copied()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_routed_or_listed_as_unrouted() {
        let routed = routed(&functions());
        for event in EventType::ALL {
            assert_ne!(routed.contains(event), UNROUTED.contains(event), "{}", event.name());
        }
    }
}
