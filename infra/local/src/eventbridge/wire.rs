//! The wire protocol of EventBridge, as SDKs use it: `X-Amz-Target: AWSEvents.<operation>` with JSON.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::bus::{Entry, EntryResult, EventBus};
use super::pattern::Pattern;
use super::rules::RuleError;
use crate::arn::{self, DEFAULT_BUS};
use crate::plan::{self, Target};
use crate::wire;

const JSON: &str = "application/x-amz-json-1.1";

/// The limit of all entries of a `PutEvents` together, in bytes: 1 MB since 2026.
const MAX_SIZE: usize = 1024 * 1024;

pub fn answer(bus: &EventBus, operation: &str, body: &[u8]) -> Response {
    match perform(bus, operation, body) {
        Ok(answer) => wire::json(StatusCode::OK, JSON, &answer),
        Err(RuleError::Refused { shape, message }) => wire::json(
            StatusCode::BAD_REQUEST,
            JSON,
            &json!({ "__type": shape, "message": message }),
        ),
        Err(RuleError::Internal(error)) => wire::failure(JSON, &error),
    }
}

fn perform(bus: &EventBus, operation: &str, body: &[u8]) -> Result<Value, RuleError> {
    match operation {
        "PutEvents" => put_events(bus, read(body)?),
        "TestEventPattern" => {
            let request: TestEventPattern = read(body)?;
            let pattern = Pattern::parse(&read_json(&request.event_pattern, "EventPattern")?).map_err(|error| {
                RuleError::refused(
                    "InvalidEventPatternException",
                    format!("Event pattern is not valid. Reason: {error}"),
                )
            })?;
            Ok(json!({ "Result": pattern.matches(&read_json(&request.event, "Event")?) }))
        }
        "ListEventBuses" => {
            let request: ListByPrefix = read(body)?;
            let prefix = request.name_prefix.unwrap_or_default();
            let buses: Vec<_> = bus
                .buses
                .iter()
                .filter(|name| name.starts_with(&prefix))
                .map(|name| describe_bus(name))
                .collect();
            Ok(json!({ "EventBuses": buses }))
        }
        "DescribeEventBus" => {
            let request: DescribeEventBus = read(body)?;
            Ok(describe_bus(named_bus(bus, request.name.as_deref())?))
        }
        "PutRule" => {
            let request: PutRule = read(body)?;
            let on = named_bus(bus, request.event_bus_name.as_deref())?;
            let Some(pattern) = &request.event_pattern else {
                let message = "The local cloud supports rules with an EventPattern only, not schedules.";
                return Err(RuleError::refused("ValidationException", message));
            };
            let pattern = read_json(pattern, "EventPattern")?;
            bus.put_rule(on, &request.name, pattern, request.state.as_deref() != Some("DISABLED"))?;
            Ok(json!({ "RuleArn": arn::rule(on, &request.name) }))
        }
        "DescribeRule" => {
            let request: OfRule = read(body)?;
            let on = named_bus(bus, request.event_bus_name.as_deref())?;
            Ok(describe_rule(&bus.rule(on, &request.rule)?))
        }
        "ListRules" => {
            let request: ListByPrefix = read(body)?;
            let on = named_bus(bus, request.event_bus_name.as_deref())?;
            let prefix = request.name_prefix.unwrap_or_default();
            let rules: Vec<_> = bus
                .rules(on)
                .iter()
                .filter(|rule| rule.name.starts_with(&prefix))
                .map(describe_rule)
                .collect();
            Ok(json!({ "Rules": rules }))
        }
        "DeleteRule" => {
            let request: OfRule = read(body)?;
            bus.delete_rule(named_bus(bus, request.event_bus_name.as_deref())?, &request.rule)?;
            Ok(json!({}))
        }
        "PutTargets" => put_targets(bus, read(body)?),
        "ListTargetsByRule" => {
            let request: OfRule = read(body)?;
            let on = named_bus(bus, request.event_bus_name.as_deref())?;
            let targets: Vec<_> = bus
                .rule(on, &request.rule)?
                .targets
                .iter()
                .map(describe_target)
                .collect();
            Ok(json!({ "Targets": targets }))
        }
        "RemoveTargets" => {
            let request: RemoveTargets = read(body)?;
            let on = named_bus(bus, request.event_bus_name.as_deref())?;
            bus.set_targets(on, &request.rule, |targets| {
                targets.retain(|target| !request.ids.contains(&target.id))
            })?;
            Ok(json!({ "FailedEntryCount": 0, "FailedEntries": [] }))
        }
        _ => Err(RuleError::refused(
            "UnknownOperationException",
            format!("The local cloud does not support the EventBridge operation {operation}."),
        )),
    }
}

fn put_events(bus: &EventBus, request: PutEvents) -> Result<Value, RuleError> {
    if !(1..=10).contains(&request.entries.len()) {
        return Err(RuleError::refused(
            "ValidationException",
            "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length \
             greater than or equal to 1 and less than or equal to 10",
        ));
    }
    if request.entries.iter().map(size).sum::<usize>() > MAX_SIZE {
        let message = format!("Total size of the entries in the request is over the limit of {MAX_SIZE} bytes.");
        return Err(RuleError::refused("ValidationException", message));
    }
    let results = bus.put(request.entries);
    let failed = results
        .iter()
        .filter(|result| matches!(result, EntryResult::Failed { .. }))
        .count();
    Ok(json!({ "FailedEntryCount": failed, "Entries": results }))
}

/// The size of an entry in bytes, as EventBridge counts it.
fn size(entry: &Entry) -> usize {
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let resources: usize = entry.resources.iter().map(String::len).sum();
    let time = if entry.time.is_some() { 14 } else { 0 };
    time + length(&entry.source) + length(&entry.detail_type) + length(&entry.detail) + resources
}

fn put_targets(bus: &EventBus, request: PutTargets) -> Result<Value, RuleError> {
    let on = named_bus(bus, request.event_bus_name.as_deref())?;
    let (accepted, refused): (Vec<_>, Vec<_>) = request.targets.into_iter().partition(NewTarget::is_supported);
    bus.set_targets(on, &request.rule, |targets| {
        for new in accepted {
            targets.retain(|target| target.id != new.id);
            targets.push(Target {
                id: new.id,
                queue_arn: new.arn,
                input_path: new.input_path,
                dead_letter_queue_arn: new.dead_letter_config.and_then(|config| config.arn),
            });
        }
    })?;
    let failed: Vec<_> = refused
        .iter()
        .map(|target| {
            json!({
                "TargetId": target.id,
                "ErrorCode": "ValidationException",
                "ErrorMessage": "The local cloud delivers to SQS queues only, and supports neither Input nor InputTransformer.",
            })
        })
        .collect();
    Ok(json!({ "FailedEntryCount": failed.len(), "FailedEntries": failed }))
}

fn named_bus<'a>(bus: &'a EventBus, name: Option<&str>) -> Result<&'a str, RuleError> {
    bus.bus(name)
        .ok_or_else(|| RuleError::no_bus(name.unwrap_or(DEFAULT_BUS)))
}

fn describe_bus(name: &str) -> Value {
    json!({ "Name": name, "Arn": arn::bus(name) })
}

fn describe_rule(rule: &plan::Rule) -> Value {
    json!({
        "Name": rule.name,
        "Arn": arn::rule(&rule.bus, &rule.name),
        "EventPattern": rule.pattern.to_string(),
        "State": if rule.enabled { "ENABLED" } else { "DISABLED" },
        "EventBusName": rule.bus,
    })
}

fn describe_target(target: &Target) -> Value {
    let mut described = json!({ "Id": target.id, "Arn": target.queue_arn });
    if let Some(path) = &target.input_path {
        described["InputPath"] = path.as_str().into();
    }
    if let Some(arn) = &target.dead_letter_queue_arn {
        described["DeadLetterConfig"] = json!({ "Arn": arn });
    }
    described
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, RuleError> {
    serde_json::from_slice(body).map_err(|error| RuleError::refused("SerializationException", error.to_string()))
}

/// Parses JSON that is the text of a field.
fn read_json(text: &str, name: &str) -> Result<Value, RuleError> {
    serde_json::from_str(text).map_err(|error| {
        let shape = if name == "EventPattern" {
            "InvalidEventPatternException"
        } else {
            "ValidationException"
        };
        RuleError::refused(shape, format!("{name} is not valid JSON: {error}"))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutEvents {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TestEventPattern {
    event_pattern: String,
    event: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListByPrefix {
    name_prefix: Option<String>,
    event_bus_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DescribeEventBus {
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutRule {
    name: String,
    event_pattern: Option<String>,
    state: Option<String>,
    event_bus_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OfRule {
    #[serde(alias = "Name")]
    rule: String,
    event_bus_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutTargets {
    rule: String,
    event_bus_name: Option<String>,
    targets: Vec<NewTarget>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NewTarget {
    id: String,
    arn: String,
    input: Option<Value>,
    input_path: Option<String>,
    input_transformer: Option<Value>,
    dead_letter_config: Option<DeadLetterConfig>,
}

impl NewTarget {
    fn is_supported(&self) -> bool {
        arn::is_queue(&self.arn)
            && !self.arn.ends_with(".fifo")
            && self.input.is_none()
            && self.input_transformer.is_none()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeadLetterConfig {
    arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RemoveTargets {
    rule: String,
    event_bus_name: Option<String>,
    ids: Vec<String>,
}
