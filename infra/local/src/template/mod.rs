//! Reads `template.yaml` and comes down to a [`Plan`]: what to run, with every name worked out.
//!
//! `yaml` knows the syntax, `resolver` the intrinsic functions, `names` what references give, `resources`,
//! `storage` and `functions` the resource types; this file brings them together and checks that the parts fit.
//!
//! What a template says to the local cloud alone stands under `Metadata: LocalCloud`: `Parameters` gives local values of
//! parameters, in which `${local:issuer}`, `${local:audience}`, `${local:jwks}` and `${local:cdn}` are filled in, and `FirstRequest`
//! (`Method`, `Path`, `Body`) is what the printed `curl` sends. CloudFormation ignores it.

mod functions;
mod lenient;
mod names;
mod resolver;
mod resources;
pub mod secrets;
mod storage;
mod unresolved;
mod yaml;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::arn;
use crate::eventbridge::pattern::Pattern;
use crate::plan::{FirstRequest, LocalHints, Plan, Source};
use lenient::properties;
use resolver::Resolver;

pub use names::{API_ID, STACK, cdn_url};

/// What the local cloud itself contributes to a template.
pub struct Surroundings<'a> {
    pub api_url: &'a str,
    pub aws_url: &'a str,
    /// Values for `${local:name}` in local parameter values.
    pub values: &'a [(&'a str, String)],
}

/// Types that are accepted because nothing about them needs to run on a laptop.
const NOTHING_TO_RUN: &[&str] = &[
    "AWS::ApplicationInsights::Application",
    "AWS::CloudFront::OriginAccessControl",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::Events::EventBusPolicy",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::KMS::Alias",
    "AWS::KMS::Key",
    "AWS::Lambda::Permission",
    "AWS::Logs::LogGroup",
    "AWS::Logs::MetricFilter",
    "AWS::ResourceGroups::Group",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::XRay::SamplingRule",
];

/// Reads and checks a template.
pub fn load(path: &Path, surroundings: &Surroundings) -> Result<Plan> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("could not read the template {}", path.display()))?;
    plan_of(&text, surroundings).with_context(|| format!("{} cannot be run", path.display()))
}

fn plan_of(text: &str, surroundings: &Surroundings) -> Result<Plan> {
    let template = yaml::parse(text)?;
    let hints = hints(&template)?;
    let local_values = hints
        .parameters
        .iter()
        .map(|(name, value)| (name.clone(), fill(value, surroundings)))
        .collect();
    let resources = with_globals(&template)?;
    let resolver = Resolver::new(
        &template,
        &resources,
        &local_values,
        surroundings.aws_url,
        surroundings.api_url,
    )?;

    let mut plan = Plan {
        local: LocalHints {
            first_request: hints.first_request,
        },
        ..Plan::default()
    };
    for (logical_id, resource) in &resources {
        let kind = resource
            .get("Type")
            .and_then(Value::as_str)
            .with_context(|| format!("resource {logical_id} has no Type"))?;
        add(&mut plan, &resolver, logical_id, kind, resource)
            .with_context(|| format!("resource {logical_id} ({kind})"))?;
    }
    if let Some(outputs) = template.get("Outputs") {
        resolver
            .resolve(outputs)
            .map_err(|unresolved| anyhow!("Outputs: {unresolved}"))?;
    }
    check(&plan)?;
    Ok(plan)
}

fn add(plan: &mut Plan, resolver: &Resolver, logical_id: &str, kind: &str, resource: &Value) -> Result<()> {
    if !resolver.is_included(resource)? {
        return Ok(());
    }
    for dependency in dependencies(resource) {
        ensure!(
            resolver.resources.contains_key(dependency),
            "DependsOn: there is no resource `{dependency}`"
        );
    }
    let empty = Value::Object(Map::new());
    let declared = resource.get("Properties").unwrap_or(&empty);
    let resolved = resolver.resolve(declared)?.unwrap_or(empty.clone());
    match kind {
        "AWS::DynamoDB::Table" => plan.tables.push(resources::table(resolver, logical_id, &resolved)?),
        "AWS::SQS::Queue" => plan.queues.push(resources::queue(resolver, logical_id, &resolved)?),
        "AWS::Events::EventBus" => plan.buses.push(resources::bus(resolver, logical_id)?),
        "AWS::Events::Rule" => resources::rule(plan, resolver, logical_id, &resolved)?,
        "AWS::SecretsManager::Secret" => plan.secrets.push(resources::secret(resolver, logical_id, &resolved)?),
        "AWS::S3::Bucket" => storage::bucket(plan, resolver, logical_id, &resolved)?,
        "AWS::CloudFront::Distribution" => storage::distribution(plan, logical_id, &resolved)?,
        "AWS::Serverless::HttpApi" => resources::http_api(plan, logical_id, &resolved)?,
        "AWS::Serverless::Function" => functions::function(plan, resolver, logical_id, &resolved)?,
        "AWS::Lambda::EventSourceMapping" => functions::mapping(plan, logical_id, &resolved)?,
        kind if NOTHING_TO_RUN.contains(&kind) => {}
        kind => plan
            .warnings
            .push(format!("{logical_id}: the local cloud does not run {kind}")),
    }
    Ok(())
}

fn dependencies(resource: &Value) -> Vec<&str> {
    match resource.get("DependsOn") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The resources, with what `Globals` says of their type merged in the way SAM does.
fn with_globals(template: &Value) -> Result<Map<String, Value>> {
    let mut resources = template
        .get("Resources")
        .and_then(Value::as_object)
        .cloned()
        .context("it has no Resources; is it a CloudFormation template?")?;
    for (global, kind) in [
        ("Function", "AWS::Serverless::Function"),
        ("HttpApi", "AWS::Serverless::HttpApi"),
    ] {
        let Some(defaults) = template.get("Globals").and_then(|globals| globals.get(global)) else {
            continue;
        };
        for resource in resources
            .values_mut()
            .filter(|resource| resource.get("Type").and_then(Value::as_str) == Some(kind))
        {
            let own = resource.get("Properties").cloned().unwrap_or(Value::Object(Map::new()));
            resource["Properties"] = merge(defaults, own);
        }
    }
    Ok(resources)
}

/// Maps are merged, lists are joined (the global part first), anything else is the resource's own.
fn merge(global: &Value, own: Value) -> Value {
    match (global, own) {
        (Value::Object(global), Value::Object(own)) if !is_intrinsic(global) && !is_intrinsic(&own) => {
            let mut merged = global.clone();
            for (key, value) in own {
                let value = match global.get(&key) {
                    Some(default) => merge(default, value),
                    None => value,
                };
                merged.insert(key, value);
            }
            Value::Object(merged)
        }
        (Value::Array(global), Value::Array(own)) => global.iter().cloned().chain(own).collect(),
        (_, own) => own,
    }
}

fn is_intrinsic(map: &Map<String, Value>) -> bool {
    map.len() == 1 && map.keys().all(|key| key == "Ref" || key.starts_with("Fn::"))
}

#[derive(Default)]
struct Hints {
    parameters: BTreeMap<String, String>,
    first_request: Option<FirstRequest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeclaredHints {
    #[serde(default)]
    parameters: BTreeMap<String, Value>,
    first_request: Option<DeclaredRequest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeclaredRequest {
    method: String,
    path: String,
    body: Option<Value>,
}

fn hints(template: &Value) -> Result<Hints> {
    let Some(declared) = template.pointer("/Metadata/LocalCloud") else {
        return Ok(Hints::default());
    };
    let declared: DeclaredHints = properties(declared).context("Metadata: LocalCloud")?;
    let mut parameters = BTreeMap::new();
    for (name, value) in declared.parameters {
        let text = resolver::scalar(&value)
            .with_context(|| format!("Metadata: LocalCloud: Parameters: {name} must be text, a number or a boolean"))?;
        parameters.insert(name, text);
    }
    let first_request = declared.first_request.map(|request| FirstRequest {
        method: request.method,
        path: request.path,
        body: request.body,
    });
    Ok(Hints {
        parameters,
        first_request,
    })
}

fn fill(value: &str, surroundings: &Surroundings) -> String {
    surroundings
        .values
        .iter()
        .fold(value.to_owned(), |text, (name, replacement)| {
            text.replace(&format!("${{local:{name}}}"), replacement)
        })
}

/// Whatever one resource says of another must be true of it.
fn check(plan: &Plan) -> Result<()> {
    let queues: HashSet<&str> = plan.queues.iter().map(|queue| queue.name.as_str()).collect();
    let is_queue = |arn: &str| names::queue_of(arn).is_some_and(|name| queues.contains(name));

    unique("two tables are called", plan.tables.iter().map(|table| &table.name))?;
    unique("two queues are called", plan.queues.iter().map(|queue| &queue.name))?;
    unique("two event buses are called", plan.buses.iter().map(|bus| &bus.name))?;
    unique(
        "two functions are called",
        plan.functions.iter().map(|function| &function.name),
    )?;

    unique("two buckets are called", plan.buckets.iter().map(|bucket| &bucket.name))?;
    if let Some(cdn) = &plan.cdn {
        ensure!(
            plan.buckets.iter().any(|bucket| bucket.name == cdn.bucket),
            "resource {}: DistributionConfig.Origins: there is no bucket `{}` in this template",
            cdn.logical_id,
            cdn.bucket
        );
    }

    for queue in &plan.queues {
        if let Some(redrive) = &queue.redrive {
            ensure!(
                queues.contains(redrive.dead_letter_queue.as_str()),
                "resource {}: RedrivePolicy.deadLetterTargetArn: there is no queue `{}` in this template",
                queue.logical_id,
                redrive.dead_letter_queue
            );
        }
    }
    for rule in &plan.rules {
        Pattern::parse(&rule.pattern).map_err(|problem| anyhow!("rule {}: EventPattern: {problem}", rule.name))?;
        ensure!(
            rule.bus == arn::DEFAULT_BUS || plan.buses.iter().any(|bus| bus.name == rule.bus),
            "rule {}: EventBusName: there is no event bus `{}` in this template",
            rule.name,
            rule.bus
        );
        for arn in rule
            .targets
            .iter()
            .flat_map(|target| [Some(&target.queue_arn), target.dead_letter_queue_arn.as_ref()])
            .flatten()
        {
            ensure!(
                is_queue(arn),
                "rule {}: Targets: there is no queue {arn} in this template",
                rule.name
            );
        }
    }
    for mapping in &plan.mappings {
        let id = &mapping.id;
        for filter in &mapping.filters {
            Pattern::parse(filter)
                .map_err(|problem| anyhow!("event source mapping {id}: FilterCriteria: {problem}"))?;
        }
        let Some(function) = plan.functions.iter().find(|function| function.name == mapping.function) else {
            bail!(
                "event source mapping {id}: FunctionName: there is no function `{}` in this template",
                mapping.function
            );
        };
        match &mapping.source {
            Source::Queue { queue, .. } => {
                let Some(queue) = plan.queues.iter().find(|known| known.name == *queue) else {
                    bail!("event source mapping {id}: there is no queue `{queue}` in this template");
                };
                // Lambda refuses such a mapping: a message would come back while it is still worked on.
                ensure!(
                    queue.visibility_timeout >= function.timeout,
                    "event source mapping {id}: the VisibilityTimeout of {} ({} s) is shorter than the Timeout of {} ({} s)",
                    queue.logical_id,
                    queue.visibility_timeout,
                    function.logical_id,
                    function.timeout
                );
            }
            Source::Stream(source) => {
                let table = plan.tables.iter().find(|table| table.name == source.table);
                ensure!(
                    table.is_some_and(|table| table.streamed),
                    "event source mapping {id}: no table `{}` with a stream in this template",
                    source.table
                );
                if let Some(arn) = &source.on_failure {
                    ensure!(
                        is_queue(arn),
                        "event source mapping {id}: DestinationConfig: there is no queue {arn} in this template"
                    );
                }
            }
        }
    }
    let mut routes = BTreeSet::new();
    for route in &plan.routes {
        let method = route.method.as_deref().unwrap_or("ANY");
        ensure!(
            routes.insert((method, without_names(&route.path))),
            "function {}: the route `{method} {}` is declared twice",
            route.function,
            route.path
        );
    }
    Ok(())
}

fn unique<'a>(complaint: &str, names: impl Iterator<Item = &'a String>) -> Result<()> {
    let mut seen = HashSet::new();
    for name in names {
        ensure!(seen.insert(name), "{complaint} `{name}`");
    }
    Ok(())
}

/// Routes that differ in nothing but parameter names are the same route.
fn without_names(path: &str) -> String {
    path.split('/')
        .map(|part| match part.strip_prefix('{') {
            Some(name) if name.ends_with("+}") => "{+}",
            Some(_) => "{}",
            None => part,
        })
        .collect::<Vec<_>>()
        .join("/")
}

#[cfg(test)]
mod tests;
