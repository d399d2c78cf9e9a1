//! Reads `template.yaml` and creates the [`Plan`]: the resources to run, with every name resolved.
//!
//! `yaml` parses the syntax, `resolver` resolves the intrinsic functions, `names` has the results of references, `resources`,
//! `storage`, `policies`, `roles`, `http_api` and `functions` read the resource types, and `check` checks that the resources fit together.
//!
//! `Metadata: LocalCloud` has the settings for the local cloud only; CloudFormation ignores them. `Parameters` are local values of
//! parameters; `Environment` are local values of environment variables, for the functions that have these variables. Both may contain
//! `${local:issuer}`, `${local:audience}`, `${local:jwks}` and `${local:cdn}`. `FirstRequest` (`Method`, `Path`, `Body`) is the request
//! of the `curl` command that is printed at the start. `Samples` (`Folder`, `Token`) tells where the functions' payloads are and which
//! text in them stands for a token. `EventColumns` are JSON pointers to the parts of an event that `cargo local events` prints.
//! `Documents` are names and paths that `GET /` lists.

mod check;
mod functions;
mod http_api;
mod lenient;
mod names;
mod policies;
mod resolver;
mod resources;
pub mod retained;
mod roles;
pub mod secrets;
mod storage;
mod unresolved;
mod yaml;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::plan::{FirstRequest, LocalHints, Plan, Samples};
use lenient::properties;
use resolver::Resolver;

pub use names::{API_ID, STACK, cdn_url, longest_stack_name};
pub use policies::allows;

/// The values that the local cloud contributes to a template.
pub struct Surroundings<'a> {
    pub api_url: &'a str,
    pub aws_url: &'a str,
    /// The values of `${local:name}` in local parameter values.
    pub values: &'a [(&'a str, String)],
}

/// Types that need nothing to run on a laptop. They are accepted without a warning.
const NOTHING_TO_RUN: &[&str] = &[
    "AWS::ApiGatewayV2::ApiMapping",
    "AWS::ApiGatewayV2::DomainName",
    "AWS::ApplicationInsights::Application",
    "AWS::CloudFront::OriginAccessControl",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::Events::Archive",
    "AWS::Events::EventBusPolicy",
    "AWS::IAM::Policy",
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
    "AWS::XRay::SamplingRule",
];

/// Reads and checks a template.
pub fn load(path: &Path, surroundings: &Surroundings) -> Result<Plan> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("could not read the template {}", path.display()))?;
    parse(&text, surroundings).with_context(|| format!("could not load {}", path.display()))
}

fn parse(text: &str, surroundings: &Surroundings) -> Result<Plan> {
    let template = yaml::parse(text)?;
    let hints = hints(&template)?;
    let filled = |values: &BTreeMap<String, String>| -> BTreeMap<String, String> {
        values
            .iter()
            .map(|(name, value)| (name.clone(), fill(value, surroundings)))
            .collect()
    };
    let local_values = filled(&hints.parameters);
    let resources = with_globals(&template)?;
    let resolver = Resolver::new(
        &template,
        &resources,
        &local_values,
        surroundings.aws_url,
        surroundings.api_url,
    )?;

    let mut plan = Plan {
        local: hints.local,
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
    set_local_variables(&mut plan, &filled(&hints.environment))?;
    if let Some(outputs) = template.get("Outputs") {
        resolver
            .resolve(outputs)
            .map_err(|unresolved| anyhow!("Outputs: {unresolved}"))?;
    }
    check::check(&plan)?;
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
        "AWS::SQS::QueuePolicy" => plan.queue_policies.push(policies::queue_policy(logical_id, &resolved)?),
        "AWS::IAM::Role" => plan.roles.push(roles::role(resolver, logical_id, &resolved)?),
        "AWS::IAM::ManagedPolicy" => plan
            .managed_policies
            .push(roles::managed_policy(resolver, logical_id, &resolved)?),
        "AWS::Events::EventBus" => plan.buses.push(resources::bus(resolver, logical_id)?),
        "AWS::Events::Rule" => resources::rule(plan, resolver, logical_id, &resolved)?,
        "AWS::SecretsManager::Secret" => plan.secrets.push(resources::secret(resolver, logical_id, &resolved)?),
        "AWS::S3::Bucket" => storage::bucket(plan, resolver, logical_id, &resolved)?,
        "AWS::CloudFront::Distribution" => storage::distribution(plan, logical_id, &resolved)?,
        "AWS::Serverless::HttpApi" => http_api::http_api(plan, logical_id, &resolved)?,
        "AWS::Serverless::Function" => functions::function(plan, resolver, logical_id, &resolved)?,
        "AWS::Lambda::EventSourceMapping" => functions::mapping(plan, logical_id, &resolved)?,
        kind if NOTHING_TO_RUN.contains(&kind) => {}
        kind => plan
            .warnings
            .push(format!("{logical_id}: the local cloud does not run {kind}")),
    }
    Ok(())
}

/// Replaces the values of environment variables that the local cloud has values of its own for.
fn set_local_variables(plan: &mut Plan, local_values: &BTreeMap<String, String>) -> Result<()> {
    for (name, local) in local_values {
        let mut values: Vec<&mut String> = plan
            .functions
            .iter_mut()
            .filter_map(|function| function.environment.get_mut(name))
            .collect();
        ensure!(
            !values.is_empty(),
            "Metadata.LocalCloud.Environment: no function has the variable `{name}`"
        );
        for value in &mut values {
            local.clone_into(value);
        }
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

/// The resources, with the `Globals` of their type merged in as SAM does it.
fn with_globals(template: &Value) -> Result<Map<String, Value>> {
    let mut resources = template
        .get("Resources")
        .and_then(Value::as_object)
        .cloned()
        .context("there are no Resources; is this a CloudFormation template?")?;
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

/// Merges maps and joins lists, with the global part first. Every other value of the resource replaces the global one.
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
    environment: BTreeMap<String, String>,
    local: LocalHints,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeclaredHints {
    #[serde(default)]
    parameters: BTreeMap<String, Value>,
    #[serde(default)]
    environment: BTreeMap<String, Value>,
    first_request: Option<DeclaredRequest>,
    samples: Option<Samples>,
    #[serde(default)]
    event_columns: Vec<String>,
    #[serde(default)]
    documents: BTreeMap<String, String>,
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
    let texts = |section: &str, declared: BTreeMap<String, Value>| -> Result<BTreeMap<String, String>> {
        let text = |(name, value): (String, Value)| {
            let text = resolver::scalar(&value).with_context(|| {
                format!("Metadata: LocalCloud: {section}: {name} must be text, a number or a boolean")
            })?;
            Ok((name, text))
        };
        declared.into_iter().map(text).collect()
    };
    let parameters = texts("Parameters", declared.parameters)?;
    let environment = texts("Environment", declared.environment)?;
    let first_request = declared.first_request.map(|request| FirstRequest {
        method: request.method,
        path: request.path,
        body: request.body,
    });
    Ok(Hints {
        parameters,
        environment,
        local: LocalHints {
            first_request,
            samples: declared.samples,
            event_columns: declared.event_columns,
            documents: declared.documents,
        },
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

#[cfg(test)]
mod tests;

#[cfg(test)]
mod hint_tests {
    use super::*;

    #[test]
    fn the_metadata_hold_the_settings_of_the_local_cloud() {
        let text = r"
Metadata:
  LocalCloud:
    Samples: {Folder: samples, Token: TOKEN}
    EventColumns: [/detail/key]
    Documents: {Manual: /manual}
";
        let local = hints(&yaml::parse(text).unwrap()).unwrap().local;
        let samples = local.samples.unwrap();
        assert_eq!(
            (samples.folder.to_str(), samples.token.as_str()),
            (Some("samples"), "TOKEN")
        );
        assert_eq!(local.event_columns, ["/detail/key"]);
        assert_eq!(local.documents["Manual"], "/manual");
        assert!(hints(&yaml::parse(&text.replace("Folder", "Folders")).unwrap()).is_err());
        assert!(local.first_request.is_none());
    }
}
