//! SAM functions, with their routes, schedules and event source mappings.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::lenient::{Flag, Number, properties, within};
use super::names;
use super::resolver::{Resolver, scalar};
use crate::plan::{Function, Mapping, OnFailure, Plan, Route, Schedule, Source, StreamSource};
use crate::scheduler;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FunctionProperties {
    code_uri: Option<Value>,
    runtime: Option<String>,
    handler: Option<String>,
    timeout: Option<Number>,
    memory_size: Option<Number>,
    environment: Option<Environment>,
    reserved_concurrent_executions: Option<Number>,
    recursive_loop: Option<String>,
    role: Option<String>,
    #[serde(default)]
    events: BTreeMap<String, Event>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Environment {
    #[serde(default)]
    variables: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    r#type: String,
    #[serde(default)]
    properties: Value,
}

pub fn function(plan: &mut Plan, resolver: &Resolver, logical_id: &str, resolved: &Value) -> Result<()> {
    let name = resolver.name(logical_id)?;
    let declared: FunctionProperties = properties(resolved)?;
    let runtime = declared.runtime.context("Runtime is missing")?;
    ensure!(
        runtime.starts_with("provided"),
        "Runtime: the local cloud runs Cargo binaries (`provided.al2023`) only, not {runtime}"
    );
    let mut environment = BTreeMap::new();
    for (variable, value) in declared
        .environment
        .map(|environment| environment.variables)
        .unwrap_or_default()
    {
        let value = scalar(&value).with_context(|| format!("Environment.Variables.{variable}: this must be text"))?;
        environment.insert(variable, value);
    }
    for (event_name, event) in declared.events {
        let id = format!("{logical_id}{event_name}");
        let property = || format!("Events.{event_name}");
        match event.r#type.as_str() {
            "HttpApi" => plan
                .routes
                .push(route(&name, &event.properties).with_context(property)?),
            kind @ ("DynamoDB" | "SQS") => {
                let mapping = event_source(&id, name.clone(), &event.properties).with_context(property)?;
                let is_queue = matches!(mapping.source, Source::Queue { .. });
                ensure!(
                    is_queue == (kind == "SQS"),
                    "{}: the source of this {kind} event is of another kind",
                    property()
                );
                plan.mappings.push(mapping);
            }
            "ScheduleV2" => schedule(plan, &id, &name, &event.properties).with_context(property)?,
            other => plan.warnings.push(format!(
                "{logical_id}: the local cloud does not support the event {event_name} ({other})"
            )),
        }
    }
    let code_uri = code_uri(declared.code_uri.as_ref())?;
    plan.functions.push(Function {
        logical_id: logical_id.to_owned(),
        arn: names::function_arn(&name),
        binary: binary(&code_uri)?,
        code_uri,
        handler: declared.handler.unwrap_or_else(|| "bootstrap".to_owned()),
        timeout: within("Timeout", declared.timeout, 3, 1..=900)?,
        memory: within("MemorySize", declared.memory_size, 128, 128..=10_240)?,
        environment,
        role: declared.role,
        allows_loops: match declared.recursive_loop.as_deref() {
            None | Some("Terminate") => false,
            Some("Allow") => true,
            Some(other) => bail!("RecursiveLoop: {other} is neither Allow nor Terminate"),
        },
        reserved_concurrency: declared.reserved_concurrent_executions.and_then(Number::limit),
        name,
    });
    Ok(())
}

fn code_uri(declared: Option<&Value>) -> Result<PathBuf> {
    let declared = declared.context("CodeUri is missing")?;
    let path = declared
        .as_str()
        .with_context(|| format!("CodeUri: expected a folder, found {declared}"))?;
    Ok(path.into())
}

/// The Cargo binary's name is the last part of the folder that is deployed: `…/<binary>/`.
fn binary(code_uri: &Path) -> Result<String> {
    let last = code_uri.file_name().and_then(|name| name.to_str());
    Ok(last
        .with_context(|| format!("CodeUri: {code_uri:?} does not end in the name of a Cargo binary"))?
        .to_owned())
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct HttpApiEvent {
    path: Option<String>,
    method: Option<String>,
    payload_format_version: Option<String>,
}

fn route(function: &str, declared: &Value) -> Result<Route> {
    let event = if declared.is_null() {
        HttpApiEvent::default()
    } else {
        properties(declared)?
    };
    if let Some(version) = event.payload_format_version {
        ensure!(
            version == "2.0",
            "PayloadFormatVersion: the local cloud supports 2.0 only"
        );
    }
    let method = match event.method {
        None => None,
        Some(method)
            if matches!(
                method.to_ascii_uppercase().as_str(),
                "ANY" | "*" | "X-AMAZON-APIGATEWAY-ANY-METHOD"
            ) =>
        {
            None
        }
        Some(method) => Some(method.to_ascii_uppercase()),
    };
    let path = match event.path {
        Some(path) => path,
        None => {
            ensure!(method.is_none(), "Path is missing");
            "$default".to_owned()
        }
    };
    if path != "$default" {
        check_path(&path)?;
    }
    Ok(Route {
        method,
        path,
        function: function.to_owned(),
        role: None,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ScheduleProperties {
    schedule_expression: String,
    state: Option<String>,
    input: Option<String>,
}

fn schedule(plan: &mut Plan, id: &str, function: &str, declared: &Value) -> Result<()> {
    let declared: ScheduleProperties = properties(declared)?;
    if declared.state.as_deref() == Some("DISABLED") {
        return Ok(());
    }
    match scheduler::rate(&declared.schedule_expression)? {
        Some(every) => plan.schedules.push(Schedule {
            id: id.to_owned(),
            function: function.to_owned(),
            every,
            input: declared.input,
        }),
        None => plan.warnings.push(format!(
            "{id}: the local cloud does not run the schedule {}; it supports rates only",
            declared.schedule_expression
        )),
    }
    Ok(())
}

pub fn check_path(path: &str) -> Result<()> {
    let Some(parts) = path.strip_prefix('/') else {
        bail!("Path: {path:?} must start with a slash")
    };
    let count = parts.split('/').count();
    for (index, part) in parts.split('/').enumerate() {
        let is_parameter = part.starts_with('{') && part.ends_with('}') && part.len() > 2;
        ensure!(
            is_parameter || !part.contains(['{', '}']),
            "Path: {part:?} must be either a parameter or text"
        );
        ensure!(
            !part.ends_with("+}") || index + 1 == count,
            "Path: {part:?} matches all remaining segments, so it must come last"
        );
    }
    Ok(())
}

/// SAM's `SQS` and `DynamoDB` events and CloudFormation's mapping have different names for the source; the rest is the same.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MappingProperties {
    #[serde(alias = "Queue", alias = "Stream")]
    event_source_arn: String,
    enabled: Option<Flag>,
    batch_size: Option<Number>,
    maximum_batching_window_in_seconds: Option<Number>,
    #[serde(default)]
    function_response_types: Vec<String>,
    filter_criteria: Option<FilterCriteria>,
    starting_position: Option<String>,
    #[serde(default)]
    bisect_batch_on_function_error: Flag,
    maximum_retry_attempts: Option<Number>,
    maximum_record_age_in_seconds: Option<Number>,
    destination_config: Option<DestinationConfig>,
    scaling_config: Option<ScalingConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FilterCriteria {
    #[serde(default)]
    filters: Vec<Filter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    pattern: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DestinationConfig {
    on_failure: Option<Destination>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Destination {
    destination: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ScalingConfig {
    maximum_concurrency: Option<Number>,
}

fn destination(arn: &str) -> Result<OnFailure> {
    match (names::queue_of(arn), names::bucket_of_arn(arn)) {
        (Some(queue), _) => Ok(OnFailure::Queue(queue.to_owned())),
        (None, Some(bucket)) => Ok(OnFailure::Bucket(bucket.to_owned())),
        (None, None) => bail!("DestinationConfig: the local cloud supports queues and buckets, not {arn}"),
    }
}

pub fn mapping(plan: &mut Plan, logical_id: &str, resolved: &Value) -> Result<()> {
    let function = resolved
        .get("FunctionName")
        .and_then(Value::as_str)
        .context("FunctionName is missing")?;
    // `FunctionName` may be a name or an ARN.
    let name = function
        .rsplit_once(":function:")
        .map_or(function, |(_, name)| name)
        .to_owned();
    plan.mappings.push(event_source(logical_id, name, resolved)?);
    Ok(())
}

fn event_source(id: &str, function: String, declared: &Value) -> Result<Mapping> {
    let declared: MappingProperties = properties(declared)?;
    let mut filters = Vec::new();
    for filter in declared
        .filter_criteria
        .map(|criteria| criteria.filters)
        .unwrap_or_default()
    {
        filters.push(serde_json::from_str(&filter.pattern).context("FilterCriteria: a Pattern is not JSON")?);
    }
    let arn = &declared.event_source_arn;
    let (source, default_batch, largest_batch) = if let Some(queue) = names::queue_of(arn) {
        let max_concurrency = declared.scaling_config.and_then(|config| config.maximum_concurrency);
        let max_concurrency =
            max_concurrency.map(|number| within("ScalingConfig.MaximumConcurrency", Some(number), 0, 2..=1000));
        (
            Source::Queue {
                queue: queue.to_owned(),
                max_concurrency: max_concurrency.transpose()?,
            },
            10,
            10_000,
        )
    } else if let Some(table) = names::table_of_stream(arn) {
        let from_latest = match declared.starting_position.as_deref() {
            Some("LATEST") => true,
            Some("TRIM_HORIZON") => false,
            Some(other) => bail!("StartingPosition: {other} is neither TRIM_HORIZON nor LATEST"),
            None => bail!("StartingPosition is missing"),
        };
        let source = StreamSource {
            table: table.to_owned(),
            from_latest,
            bisect: declared.bisect_batch_on_function_error.0,
            max_retries: declared.maximum_retry_attempts.and_then(Number::limit),
            max_record_age: declared.maximum_record_age_in_seconds.and_then(Number::limit),
            on_failure: declared
                .destination_config
                .and_then(|config| config.on_failure)
                .map(|on_failure| destination(&on_failure.destination))
                .transpose()?,
        };
        (Source::Stream(source), 100, 10_000)
    } else {
        bail!("the source {arn} is neither a queue nor a table's stream");
    };
    let batch_size = within("BatchSize", declared.batch_size, default_batch, 1..=largest_batch)?;
    let window = within(
        "MaximumBatchingWindowInSeconds",
        declared.maximum_batching_window_in_seconds,
        0,
        0..=300,
    )?;
    if matches!(source, Source::Queue { .. }) {
        ensure!(
            batch_size <= 10 || window > 0,
            "BatchSize: more than 10 needs a MaximumBatchingWindowInSeconds"
        );
    }
    Ok(Mapping {
        id: id.to_owned(),
        function,
        enabled: declared.enabled.is_none_or(|flag| flag.0),
        batch_size,
        window,
        reports_item_failures: declared
            .function_response_types
            .iter()
            .any(|kind| kind == "ReportBatchItemFailures"),
        filters,
        source,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_stream_s_mapping_gives_up_goes_to_a_queue_or_a_bucket() {
        let on_failure = |arn: &str| {
            let declared = json!({
                "Stream": names::stream_arn("things"), "StartingPosition": "LATEST",
                "DestinationConfig": {"OnFailure": {"Type": "S3", "Destination": arn}},
            });
            match event_source("Id", "f".to_owned(), &declared)?.source {
                Source::Stream(source) => Ok(source.on_failure),
                Source::Queue { .. } => bail!("not a stream"),
            }
        };
        assert_eq!(
            on_failure("arn:aws:s3:::kept").unwrap(),
            Some(OnFailure::Bucket("kept".to_owned()))
        );
        assert_eq!(
            on_failure("arn:aws:sqs:us-east-1:000000000000:dead").unwrap(),
            Some(OnFailure::Queue("dead".to_owned()))
        );
        let error = on_failure("arn:aws:sns:us-east-1:000000000000:topic").unwrap_err();
        assert!(error.to_string().starts_with("DestinationConfig: "), "{error}");
    }
}
