//! The generated part of `template.yaml`: a section an area, and in it a section a function. The files in `parts/` are the YAML; this
//! module decides which parts a function gets.

mod alarms;
mod dashboard;
mod environment;
mod policy;
mod routes;
mod shared;
mod statements;

use crate::Area;
use anyhow::{Context, Result};
use environment::environment;
use events::event::SOURCE;
use heck::ToUpperCamelCase;
pub use routes::DEFAULT;
use runtime::{Function, Started, TaskSpec};
use serde_json::json;
use statements::statements;
use table::{entities, item};

/// The generated blocks: of the API's properties, and of resources.
const ROUTES: &str = "routes";
const RESOURCES: &str = "resources";

/// In seconds. API Gateway waits thirty; a caller should get an answer sooner.
const ENDPOINT_TIMEOUT: u32 = 10;
const TASK_TIMEOUT: u32 = 5;
/// For a task that works through a page of items in each invocation.
const PAGING_TASK_TIMEOUT: u32 = 30;
const TRIGGER_TIMEOUT: u32 = 30;
/// Less than the minute after which the schedule starts the function again.
const SCHEDULE_TIMEOUT: u32 = 30;
const AUTHORIZER_TIMEOUT: u32 = 5;
/// For work of which one invocation does as much as it can.
const BY_HAND_TIMEOUT: u32 = 300;
/// A queue's visibility timeout, in timeouts of the function that reads it. AWS advises six: a throttled batch stays invisible while
/// Lambda retries.
const VISIBILITIES: u32 = 6;

/// The template with its generated block brought up to date.
pub fn template(current: &str, areas: &[Area]) -> Result<String> {
    let functions: Vec<&Function> = areas.iter().flat_map(|area| area.functions).collect();
    let mut sections: Vec<String> = areas.iter().flat_map(area_sections).collect();
    sections.extend(routes::sections(&functions));
    sections.extend(shared::sections(areas));
    let template = replace_block(current, ROUTES, &routes::properties(&functions))?;
    replace_block(&template, RESOURCES, &format!("\n{}\n", sections.join("\n")))
}

/// Replaces the lines between the markers of a block and keeps the markers.
fn replace_block(text: &str, name: &str, block: &str) -> Result<String> {
    let (open, close) = (format!("# <generated {name}>"), format!("# </generated {name}>"));
    let marked = || {
        let (before, rest) = text.split_once(&open)?;
        let (opening, rest) = rest.split_once('\n')?;
        let (old, after) = rest.split_once(&close)?;
        let indent = old.rsplit('\n').next()?;
        Some(format!("{before}{open}{opening}\n{block}\n{indent}{close}{after}"))
    };
    marked().with_context(|| format!("template.yaml has no lines `{open}` and `{close}` in this order"))
}

/// The area's log group, then its functions.
fn area_sections(area: &Area) -> Vec<String> {
    let heading = fill(
        include_str!("parts/area.yaml"),
        &[
            ("{summary}", area.summary),
            ("{area}", area.name),
            ("{Area}", &id(area.name)),
        ],
    );
    let functions = area.functions.iter().map(|function| function_section(area, function));
    [heading].into_iter().chain(functions).collect()
}

/// All the resources of one function.
fn function_section(area: &Area, function: &Function) -> String {
    let name = function.name();
    let Parts {
        heading,
        timeout,
        event,
        more,
    } = parts(function);
    let values = [
        ("{heading}", heading.as_str()),
        ("{description}", &function.summary().replace('\'', "''")),
        ("{timeout}", &timeout.to_string()),
        ("{environment}", &environment(function)),
        ("{loop}", recursive_loop(function)),
        ("{events}", &events(&event)),
        ("{statements}", &statements(function)),
    ];
    let sections = [vec![fill(include_str!("parts/function.yaml"), &values)], more].concat();
    let names = [
        ("{Id}", &*id(name)),
        ("{name}", name),
        ("{area}", area.name),
        ("{Area}", &*id(area.name)),
    ];
    fill(&sections.join("\n"), &names)
}

/// The parts that depend on the kind of function.
struct Parts {
    heading: String,
    timeout: u32,
    event: String,
    more: Vec<String>,
}

fn parts(function: &Function) -> Parts {
    match function {
        Function::Endpoint(f) => {
            let routes: Vec<&str> = [Some(f.spec.route), f.spec.of_client].into_iter().flatten().collect();
            Parts {
                heading: format!("{} {}", f.spec.method.name(), routes.join(" and ")),
                timeout: ENDPOINT_TIMEOUT,
                event: String::new(),
                more: vec![],
            }
        }
        Function::Task(f) => Parts {
            heading: format!("Task, on {}", types_of(&f.spec)),
            timeout: task_timeout(&f.spec),
            event: include_str!("parts/task-event.yaml").to_owned(),
            more: vec![task_queue(&f.spec)],
        },
        Function::Trigger(_) => Parts {
            heading: "Trigger, on the table's stream".to_owned(),
            timeout: TRIGGER_TIMEOUT,
            event: fill(
                include_str!("parts/trigger-event.yaml"),
                &[("{pattern}", &stream_pattern()), ("{removed}", &removed_pattern())],
            ),
            more: vec![include_str!("parts/iterator-age-alarm.yaml").to_owned()],
        },
        Function::Standalone(f) => match f.spec.started {
            Started::EveryMinute => Parts {
                heading: "Standalone function, every minute".to_owned(),
                timeout: SCHEDULE_TIMEOUT,
                event: include_str!("parts/schedule-event.yaml").to_owned(),
                more: vec![include_str!("parts/errors-alarm.yaml").to_owned()],
            },
            Started::AsAuthorizer => Parts {
                heading: "Standalone function, the Lambda authorizer of other APIs".to_owned(),
                timeout: AUTHORIZER_TIMEOUT,
                event: String::new(),
                more: vec![],
            },
            Started::ByUnknownRoutes => Parts {
                heading: "Standalone function, the API's default route".to_owned(),
                timeout: ENDPOINT_TIMEOUT,
                event: String::new(),
                more: vec![],
            },
            Started::ByHand => Parts {
                heading: "Standalone function, invoked by hand".to_owned(),
                timeout: BY_HAND_TIMEOUT,
                event: String::new(),
                more: vec![],
            },
        },
    }
}

/// A task with pages sends itself the next one. Lambda would take that for a fault and stop it after about sixteen pages.
fn recursive_loop(function: &Function) -> &'static str {
    match function {
        Function::Task(f) if f.spec.pages => "      RecursiveLoop: Allow\n",
        _ => "",
    }
}

fn events(events: &str) -> String {
    match events {
        "" => String::new(),
        events => format!("      Events:\n{events}"),
    }
}

fn task_timeout(spec: &TaskSpec) -> u32 {
    if spec.pages { PAGING_TASK_TIMEOUT } else { TASK_TIMEOUT }
}

fn task_queue(spec: &TaskSpec) -> String {
    fill(
        include_str!("parts/task-queue.yaml"),
        &[
            ("{source}", SOURCE),
            ("{types}", &types_of(spec)),
            (
                "{about}",
                &spec
                    .about
                    .map(|pattern| format!(", detail: {pattern}"))
                    .unwrap_or_default(),
            ),
            ("{visibility}", &(VISIBILITIES * task_timeout(spec)).to_string()),
        ],
    )
}

fn types_of(spec: &TaskSpec) -> String {
    let names: Vec<_> = spec.on.iter().map(|event| event.name()).collect();
    names.join(", ")
}

/// Selects the stream's records that can become events: entities that have events, and tombstones of deleted entities.
fn stream_pattern() -> String {
    let entities = entities::ALL.iter().map(|entity| entity.kind.name);
    let mut kinds: Vec<_> = entities.chain([item::TOMBSTONE]).collect();
    kinds.sort_unstable();
    json!({
        "eventName": ["INSERT", "MODIFY"],
        "dynamodb": {"NewImage": {item::ENTITY: {"S": kinds}}},
    })
    .to_string()
}

/// Selects the items that TTL removes without a tombstone and whose removal is an event.
fn removed_pattern() -> String {
    let expiring = entities::ALL.iter().filter(|entity| entity.expires);
    let kinds: Vec<_> = expiring.map(|entity| entity.kind.name).collect();
    json!({
        "eventName": ["REMOVE"],
        "dynamodb": {"OldImage": {item::ENTITY: {"S": kinds}}},
    })
    .to_string()
}

/// The name in CloudFormation's notation: logical ids take no hyphens.
fn id(name: &str) -> String {
    name.to_upper_camel_case()
}

fn fill(part: &str, values: &[(&str, &str)]) -> String {
    values
        .iter()
        .fold(part.to_owned(), |text, (name, value)| text.replace(name, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;
    use table::keys::{Index, PK, SK, TTL};

    const TEMPLATE: &str = include_str!("../../../../template.yaml");

    #[test]
    fn the_template_declares_the_tables_keys_and_indexes() {
        let key = |indent: &str, partition: &str, sort: &str| {
            format!(
                "{indent}- {{AttributeName: {partition}, KeyType: HASH}}\n{indent}- {{AttributeName: {sort}, KeyType: RANGE}}\n"
            )
        };
        let mut attributes = vec![PK, SK];
        let mut yaml = format!(
            "      KeySchema:\n{}      GlobalSecondaryIndexes:\n",
            key("        ", PK, SK)
        );
        for index in Index::ALL {
            let (partition, sort) = (index.partition_attribute(), index.sort_attribute());
            let key = key("            ", partition, sort);
            let _ = write!(
                yaml,
                "        - IndexName: {}\n          KeySchema:\n{key}          Projection: {{ProjectionType: ALL}}\n",
                index.name(),
            );
            attributes.extend([partition, sort]);
        }
        let definitions: Vec<String> = attributes
            .iter()
            .map(|name| format!("        - {{AttributeName: {name}, AttributeType: S}}\n"))
            .collect();
        let table = format!("      AttributeDefinitions:\n{}{yaml}", definitions.concat());
        assert!(TEMPLATE.contains(&table), "template.yaml's table should be:\n{table}");
        let ttl = format!("TimeToLiveSpecification: {{AttributeName: {TTL}, Enabled: true}}");
        assert!(TEMPLATE.contains(&ttl), "{ttl}");
    }

    #[test]
    fn only_the_text_between_the_markers_is_replaced() {
        let text = "a: 1\n  # <generated x> by y\n  old: 1\n  # </generated x>\nb: 2\n";
        let once = replace_block(text, "x", "  new: 1").unwrap();
        assert_eq!(
            once,
            "a: 1\n  # <generated x> by y\n  new: 1\n  # </generated x>\nb: 2\n"
        );
        assert_eq!(replace_block(&once, "x", "  new: 1").unwrap(), once);
        assert!(replace_block(text, "other", "").is_err());
    }
}
