//! Reads tables, queues, buses, rules and secrets.

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::lenient::{Flag, Number, properties, within};
use super::names;
use super::resolver::Resolver;
use crate::arn;
use crate::plan::{Bus, Plan, Queue, Redrive, Rule, Secret, SecretRecipe, SecretValue, Table, Target};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TableProperties {
    key_schema: Value,
    attribute_definitions: Value,
    #[serde(default)]
    global_secondary_indexes: Vec<Map<String, Value>>,
    #[serde(default)]
    local_secondary_indexes: Vec<Map<String, Value>>,
    stream_specification: Option<StreamSpecification>,
    time_to_live_specification: Option<TimeToLive>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StreamSpecification {
    stream_view_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TimeToLive {
    attribute_name: Option<String>,
    #[serde(default)]
    enabled: Flag,
}

pub fn table(resolver: &Resolver, logical_id: &str, resolved: &Value) -> Result<Table> {
    let name = resolver.name(logical_id)?;
    let declared: TableProperties = properties(resolved)?;
    // Capacity, encryption, backups, tags and deletion protection mean nothing on a laptop.
    let mut create = json!({
        "TableName": name,
        "KeySchema": declared.key_schema,
        "AttributeDefinitions": declared.attribute_definitions,
        "BillingMode": "PAY_PER_REQUEST",
    });
    for (property, indexes) in [
        ("GlobalSecondaryIndexes", declared.global_secondary_indexes),
        ("LocalSecondaryIndexes", declared.local_secondary_indexes),
    ] {
        let indexes: Vec<Value> = indexes.into_iter().map(index).collect();
        if !indexes.is_empty() {
            create[property] = indexes.into();
        }
    }
    let streamed = declared.stream_specification.is_some();
    if let Some(stream) = declared.stream_specification {
        create["StreamSpecification"] = json!({"StreamEnabled": true, "StreamViewType": stream.stream_view_type});
    }
    let ttl_attribute = match declared.time_to_live_specification {
        Some(TimeToLive {
            attribute_name,
            enabled: Flag(true),
        }) => Some(attribute_name.context("TimeToLiveSpecification.AttributeName is missing")?),
        _ => None,
    };
    Ok(Table {
        logical_id: logical_id.to_owned(),
        name,
        create,
        ttl_attribute,
        streamed,
    })
}

fn index(mut declared: Map<String, Value>) -> Value {
    declared.retain(|key, _| matches!(key.as_str(), "IndexName" | "KeySchema" | "Projection"));
    Value::Object(declared)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueProperties {
    visibility_timeout: Option<Number>,
    message_retention_period: Option<Number>,
    delay_seconds: Option<Number>,
    receive_message_wait_time_seconds: Option<Number>,
    redrive_policy: Option<RedrivePolicy>,
    #[serde(default)]
    fifo_queue: Flag,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RedrivePolicy {
    dead_letter_target_arn: String,
    max_receive_count: Number,
}

pub fn queue(resolver: &Resolver, logical_id: &str, resolved: &Value) -> Result<Queue> {
    let name = resolver.name(logical_id)?;
    let declared: QueueProperties = properties(resolved)?;
    ensure!(
        !declared.fifo_queue.0,
        "FifoQueue: the local cloud supports standard queues only"
    );
    let redrive = match declared.redrive_policy {
        None => None,
        Some(policy) => Some(Redrive {
            dead_letter_queue: names::queue_of(&policy.dead_letter_target_arn)
                .with_context(|| {
                    format!(
                        "RedrivePolicy.deadLetterTargetArn: {} is not a queue's ARN",
                        policy.dead_letter_target_arn
                    )
                })?
                .to_owned(),
            max_receive_count: within(
                "RedrivePolicy.maxReceiveCount",
                Some(policy.max_receive_count),
                0,
                1..=1000,
            )?,
        }),
    };
    Ok(Queue {
        logical_id: logical_id.to_owned(),
        name,
        visibility_timeout: within("VisibilityTimeout", declared.visibility_timeout, 30, 0..=43_200)?,
        retention: within(
            "MessageRetentionPeriod",
            declared.message_retention_period,
            345_600,
            60..=1_209_600,
        )?,
        delay: within("DelaySeconds", declared.delay_seconds, 0, 0..=900)?,
        receive_wait: within(
            "ReceiveMessageWaitTimeSeconds",
            declared.receive_message_wait_time_seconds,
            0,
            0..=20,
        )?,
        redrive,
    })
}

pub fn bus(resolver: &Resolver, logical_id: &str) -> Result<Bus> {
    Ok(Bus {
        name: resolver.name(logical_id)?,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RuleProperties {
    event_bus_name: Option<String>,
    event_pattern: Option<Value>,
    schedule_expression: Option<String>,
    state: Option<String>,
    #[serde(default)]
    targets: Vec<TargetProperties>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TargetProperties {
    id: String,
    arn: String,
    input: Option<Value>,
    input_path: Option<String>,
    input_transformer: Option<Value>,
    dead_letter_config: Option<DeadLetterConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeadLetterConfig {
    arn: Option<String>,
}

pub fn rule(plan: &mut Plan, resolver: &Resolver, logical_id: &str, resolved: &Value) -> Result<()> {
    let declared: RuleProperties = properties(resolved)?;
    if declared.schedule_expression.is_some() {
        plan.warnings
            .push(format!("{logical_id}: the local cloud does not run ScheduleExpression"));
    }
    let Some(pattern) = declared.event_pattern else {
        ensure!(declared.schedule_expression.is_some(), "EventPattern is missing");
        return Ok(());
    };
    let mut targets = Vec::new();
    for target in declared.targets {
        if names::queue_of(&target.arn).is_none() {
            plan.warnings.push(format!(
                "{logical_id}: the local cloud does not support the target {}; it supports queues only",
                target.id
            ));
            continue;
        }
        if target.input.is_some() || target.input_transformer.is_some() {
            bail!(
                "Targets: {}: the local cloud supports InputPath, but neither Input nor InputTransformer",
                target.id
            );
        }
        targets.push(Target {
            id: target.id,
            queue_arn: target.arn,
            input_path: target.input_path,
            dead_letter_queue_arn: target.dead_letter_config.and_then(|config| config.arn),
        });
    }
    plan.rules.push(Rule {
        name: resolver.name(logical_id)?,
        bus: match declared.event_bus_name {
            Some(bus) => arn::bus_name(&bus).to_owned(),
            None => arn::DEFAULT_BUS.to_owned(),
        },
        pattern,
        enabled: declared.state.as_deref() != Some("DISABLED"),
        targets,
    });
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SecretProperties {
    secret_string: Option<String>,
    generate_secret_string: Option<Generate>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Generate {
    password_length: Option<Number>,
    exclude_characters: String,
    exclude_lowercase: Flag,
    exclude_uppercase: Flag,
    exclude_numbers: Flag,
    exclude_punctuation: Flag,
    include_space: Flag,
    secret_string_template: Option<String>,
    generate_string_key: Option<String>,
}

pub fn secret(resolver: &Resolver, logical_id: &str, resolved: &Value) -> Result<Secret> {
    let name = resolver.name(logical_id)?;
    let declared: SecretProperties = properties(resolved)?;
    let value = match (declared.secret_string, declared.generate_secret_string) {
        (Some(given), None) => SecretValue::Given(given),
        (None, Some(generate)) => SecretValue::Generated(recipe(generate).context("GenerateSecretString")?),
        (None, None) => SecretValue::Generated(recipe(Generate::default())?),
        (Some(_), Some(_)) => bail!("SecretString and GenerateSecretString exclude each other"),
    };
    Ok(Secret {
        arn: names::secret_arn(&name),
        name,
        value,
    })
}

fn recipe(declared: Generate) -> Result<SecretRecipe> {
    const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
    let mut alphabet = Vec::new();
    for (excluded, characters) in [
        (declared.exclude_lowercase.0, ('a'..='z').collect::<String>()),
        (declared.exclude_uppercase.0, ('A'..='Z').collect()),
        (declared.exclude_numbers.0, ('0'..='9').collect()),
        (declared.exclude_punctuation.0, PUNCTUATION.to_owned()),
        (!declared.include_space.0, " ".to_owned()),
    ] {
        if !excluded {
            alphabet.extend(
                characters
                    .chars()
                    .filter(|character| !declared.exclude_characters.contains(*character)),
            );
        }
    }
    ensure!(!alphabet.is_empty(), "every character is excluded");
    let inside = match (declared.secret_string_template, declared.generate_string_key) {
        (None, None) => None,
        (Some(template), Some(key)) => Some((
            serde_json::from_str(&template).context("SecretStringTemplate is not a JSON object")?,
            key,
        )),
        _ => bail!("SecretStringTemplate and GenerateStringKey need each other"),
    };
    let length = within("PasswordLength", declared.password_length, 32, 1..=4096)?;
    Ok(SecretRecipe {
        length: length as usize,
        alphabet,
        inside,
    })
}
