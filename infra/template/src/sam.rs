//! The function part of `template.yaml`. The files in `parts/` are its YAML; here it is decided what each function gets of them.

use crate::{names::pascal_case, policy};
use anyhow::{Context, Result};
use domain::EntityKind;
use events::{EventType, event::SOURCE};
use runtime::{
    Function, Started, TaskSpec,
    spec::{Action, ObjectGrant},
};
use serde_json::json;
use table::{
    item,
    keys::{Family, Index},
};

const OPEN: &str = "  # <generated>";
const CLOSE: &str = "  # </generated>";

/// In seconds. API Gateway waits thirty; a caller is told sooner.
const ENDPOINT_TIMEOUT: u32 = 10;
const TASK_TIMEOUT: u32 = 5;
/// Of a task that does a page of things an invocation.
const PAGING_TASK_TIMEOUT: u32 = 30;
const TRIGGER_TIMEOUT: u32 = 30;
/// Less than the minute after which it starts again.
const SCHEDULE_TIMEOUT: u32 = 30;
const AUTHORIZER_TIMEOUT: u32 = 5;
/// A queue's visibility timeout, in timeouts of the function that reads it. As AWS advises: a batch that meets throttling stays hidden
/// while Lambda tries again.
const VISIBILITIES: u32 = 6;

/// The template with its generated block as the functions declare it.
pub fn template(current: &str, functions: &[Function]) -> Result<String> {
    let block: Vec<String> = functions.iter().map(section).collect();
    replace_block(current, &block.join("\n"))
}

/// Puts a block between the markers, which stay.
fn replace_block(text: &str, block: &str) -> Result<String> {
    let marked = || {
        let (before, rest) = text.split_once(OPEN)?;
        let (opening, rest) = rest.split_once('\n')?;
        let (_, after) = rest.split_once(CLOSE)?;
        Some(format!("{before}{OPEN}{opening}\n\n{block}\n{CLOSE}{after}"))
    };
    marked().with_context(|| format!("template.yaml has no lines `{OPEN}` and `{CLOSE}` in this order"))
}

/// All the resources of one function.
fn section(function: &Function) -> String {
    let name = function.name();
    let id = pascal_case(name);
    let (summary, timeout, event, more) = match function {
        Function::Endpoint(f) => {
            let (method, route) = (f.spec.method.name(), f.spec.route);
            let event = |name: &str, route: &str| {
                fill(
                    include_str!("parts/endpoint-event.yaml"),
                    &[("{event}", name), ("{method}", method), ("{route}", route)],
                )
            };
            let mut events = event("Request", route);
            if let Some(route) = f.spec.of_client {
                events += &event("ClientRequest", route);
            }
            (format!("{method} {route}"), ENDPOINT_TIMEOUT, events, vec![])
        }
        Function::Task(f) => (
            format!("Task, on {}", types_of(&f.spec)),
            task_timeout(&f.spec),
            include_str!("parts/task-event.yaml").to_owned(),
            vec![
                task_queue(&f.spec),
                include_str!("parts/throttles-alarm.yaml").to_owned(),
            ],
        ),
        Function::Trigger(_) => (
            "Trigger, on the table's stream".to_owned(),
            TRIGGER_TIMEOUT,
            fill(
                include_str!("parts/trigger-event.yaml"),
                &[("{pattern}", &stream_pattern()), ("{removed}", &removed_pattern())],
            ),
            vec![
                include_str!("parts/iterator-age-alarm.yaml").to_owned(),
                include_str!("parts/throttles-alarm.yaml").to_owned(),
            ],
        ),
        Function::Standalone(f) => match f.spec.started {
            Started::EveryMinute => (
                "Every minute".to_owned(),
                SCHEDULE_TIMEOUT,
                include_str!("parts/schedule-event.yaml").to_owned(),
                vec![include_str!("parts/errors-alarm.yaml").to_owned()],
            ),
            Started::AsAuthorizer => (
                "The Lambda authorizer of other APIs".to_owned(),
                AUTHORIZER_TIMEOUT,
                String::new(),
                vec![],
            ),
        },
    };
    let parts = [
        vec![fill(
            include_str!("parts/function.yaml"),
            &[
                ("{says}", &summary),
                ("{area}", crate::area_of(name).map_or("", |area| area.name)),
                ("{description}", &function.summary().replace('\'', "''")),
                ("{timeout}", &timeout.to_string()),
                ("{environment}", &environment(function)),
                ("{events}", &events(&event)),
                ("{statements}", &statements(function)),
            ],
        )],
        more,
    ]
    .concat();
    fill(&parts.join("\n"), &[("{Id}", &id), ("{name}", name)])
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

/// Which records of the stream can mean an event: entities that have events, and the tombstones of deleted ones.
fn stream_pattern() -> String {
    let mut kinds = vec![item::TOMBSTONE];
    for event in EventType::ALL {
        let kind = event.entity().name();
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds.sort_unstable();
    json!({
        "eventName": ["INSERT", "MODIFY"],
        "dynamodb": {"NewImage": {item::ENTITY: {"S": kinds}}},
    })
    .to_string()
}

/// What TTL removes without a tombstone, and yet is an event.
fn removed_pattern() -> String {
    json!({
        "eventName": ["REMOVE"],
        "dynamodb": {"OldImage": {item::ENTITY: {"S": [EntityKind::ApiKey.name()]}}},
    })
    .to_string()
}

/// What the function is configured with, and nothing else.
fn environment(function: &Function) -> String {
    let needs = function.needs();
    let mut variables = Vec::new();
    if needs.table {
        variables.push("TABLE_NAME: !Ref Table");
    }
    if needs_shards(function) {
        variables.push("CUSTOMER_LIST_SHARDS: !Ref CustomerListShards");
    }
    if needs.tokens {
        variables.extend([
            "JWT_ISSUER: !Ref JwtIssuer",
            "JWT_AUDIENCE: !Ref JwtAudience",
            "JWKS: !Ref Jwks",
            "JWKS_URL: !Ref JwksUrl",
        ]);
    }
    if needs.cursors {
        variables.push("CURSOR_SECRET: !Sub '{{resolve:secretsmanager:${CursorSecret}}}'");
    }
    if needs.bus {
        variables.push("EVENT_BUS_NAME: !Ref EventBus");
    }
    if needs.logos {
        variables.extend([
            "LOGO_BUCKET: !Ref LogoBucket",
            "LOGO_URL: !If [HasLogoUrl, !Ref LogoUrl, !Sub 'https://${LogoCdn.DomainName}']",
        ]);
    }
    if needs.queue {
        variables.push("QUEUE_URL: !Ref {Id}Queue");
    }
    if variables.is_empty() {
        return String::new();
    }
    format!(
        "      Environment:\n        Variables:\n          {}\n",
        variables.join("\n          ")
    )
}

/// Whoever writes a customer or reads their list must agree on how the list is divided. Customers share their family of keys with what
/// belongs to them, so some functions get it that would do without.
fn needs_shards(function: &Function) -> bool {
    function.grants().iter().any(|grant| {
        grant.index == Some(Index::Customers) || (grant.family == Family::Customer && grant.action == Action::PutItem)
    })
}

fn statements(function: &Function) -> String {
    let mut statements = vec![
        "\
- Effect: Allow
  Action: [logs:CreateLogStream, logs:PutLogEvents]
  Resource: !GetAtt {Id}Logs.Arn
"
        .to_owned(),
        // X-Ray has no resources that could be named.
        "\
- Effect: Allow
  Action: [xray:PutTraceSegments, xray:PutTelemetryRecords]
  Resource: '*'
"
        .to_owned(),
    ];
    let grants = policy::statements(&function.grants());
    statements.extend(grants.iter().map(policy::Statement::yaml));
    statements.extend(objects(function.objects()));
    if function.needs().bus {
        statements.push(allow("events:PutEvents", "EventBus"));
    }
    match function {
        Function::Endpoint(_) | Function::Standalone(_) => {}
        Function::Task(f) => {
            let mut actions = vec!["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];
            if f.spec.pages {
                actions.push("sqs:SendMessage");
            }
            statements.push(allow(&format!("[{}]", actions.join(", ")), "{Id}Queue"));
        }
        Function::Trigger(_) => {
            let stream = "\
- Effect: Allow
  Action: [dynamodb:DescribeStream, dynamodb:GetRecords, dynamodb:GetShardIterator, dynamodb:ListStreams]
  Resource: !GetAtt Table.StreamArn
";
            statements.push(stream.to_owned());
            statements.push(allow("sqs:SendMessage", "StreamFailures"));
        }
    }
    let lines: Vec<String> = statements
        .concat()
        .lines()
        .map(|line| format!("              {line}\n"))
        .collect();
    lines.concat()
}

/// What is granted on the objects that logos are, folder by folder.
fn objects(grants: &[ObjectGrant]) -> Vec<String> {
    let mut statements: Vec<String> = grants
        .iter()
        .map(|grant| {
            let actions: Vec<String> = grant.actions.iter().map(|action| format!("s3:{action}")).collect();
            format!(
                "- Effect: Allow\n  Action: [{}]\n  Resource: !Sub ${{LogoBucket.Arn}}/{}*\n",
                actions.join(", "),
                grant.folder
            )
        })
        .collect();
    if grants.iter().any(|grant| grant.actions.contains(&"GetObject")) {
        // Without it S3 says of an object that is not there that it is forbidden.
        statements.push(allow("s3:ListBucket", "LogoBucket"));
    }
    statements
}

fn allow(actions: &str, resource: &str) -> String {
    format!("- Effect: Allow\n  Action: {actions}\n  Resource: !GetAtt {resource}.Arn\n")
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
    use table::keys::{PK, SK, TTL};

    const TEMPLATE: &str = include_str!("../../../template.yaml");

    #[test]
    fn the_table_is_that_of_the_keys() {
        let key = |indent: &str, partition: &str, sort: Option<&str>| {
            let mut yaml = format!("{indent}- {{AttributeName: {partition}, KeyType: HASH}}\n");
            if let Some(sort) = sort {
                let _ = writeln!(yaml, "{indent}- {{AttributeName: {sort}, KeyType: RANGE}}");
            }
            yaml
        };
        let mut attributes = vec![PK, SK];
        let mut yaml = format!(
            "      KeySchema:\n{}      GlobalSecondaryIndexes:\n",
            key("        ", PK, Some(SK))
        );
        for index in Index::ALL {
            let (partition, sort) = (index.partition_attribute(), index.sort_attribute());
            let key = key("            ", partition, sort);
            let _ = write!(
                yaml,
                "        - IndexName: {}\n          KeySchema:\n{key}          Projection: {{ProjectionType: ALL}}\n",
                index.name(),
            );
            attributes.push(partition);
            attributes.extend(sort);
        }
        let definitions: Vec<String> = attributes
            .iter()
            .map(|name| format!("        - {{AttributeName: {name}, AttributeType: S}}\n"))
            .collect();
        let table = format!("      AttributeDefinitions:\n{}{yaml}", definitions.concat());
        assert!(TEMPLATE.contains(&table), "template.yaml's table should say:\n{table}");
        let ttl = format!("TimeToLiveSpecification: {{AttributeName: {TTL}, Enabled: true}}");
        assert!(TEMPLATE.contains(&ttl), "{ttl}");
    }

    /// CloudFormation takes 500 in a stack. SAM adds a permission to each route, a mapping to each queue and stream, and a stage.
    #[test]
    fn the_stack_stays_small_enough() {
        let declared = TEMPLATE.matches("\n    Type: AWS::").count();
        let added = TEMPLATE.matches("\n          Type: ").count() + 1;
        assert!(declared + added < 450, "{}", declared + added);
    }

    #[test]
    fn only_what_is_between_the_markers_is_replaced() {
        let text = "a: 1\n  # <generated> by x\n  old: 1\n  # </generated>\nb: 2\n";
        let once = replace_block(text, "  new: 1\n").unwrap();
        assert_eq!(
            once,
            "a: 1\n  # <generated> by x\n\n  new: 1\n\n  # </generated>\nb: 2\n"
        );
        assert_eq!(replace_block(&once, "  new: 1\n").unwrap(), once);
        assert!(replace_block("a: 1\n", "").is_err());
    }
}
