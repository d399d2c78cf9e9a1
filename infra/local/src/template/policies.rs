//! Policies of queues and roles. On AWS, a rule silently loses its events if no policy allows it to send to the target queue. So the
//! local cloud refuses a template with such a rule. Of the roles, the local cloud applies what they say about S3.

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::lenient::properties;
use super::names;
use super::resolver::scalar;
use crate::arn;
use crate::plan::{ACCOUNT, Function, Plan, QueuePolicy, Rule};

const SERVICE: &str = "events.amazonaws.com";
const ACTION: &str = "sqs:SendMessage";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyProperties {
    queues: Vec<String>,
    policy_document: Value,
}

pub fn queue_policy(logical_id: &str, resolved: &Value) -> Result<QueuePolicy> {
    let declared: PolicyProperties = properties(resolved)?;
    Ok(QueuePolicy {
        logical_id: logical_id.to_owned(),
        queues: declared
            .queues
            .iter()
            .map(|url| arn::queue_name(url).to_owned())
            .collect(),
        statements: statements(&declared.policy_document)?,
    })
}

/// The statements of a policy document.
pub fn statements(document: &Value) -> Result<Vec<Value>> {
    let statements = match document.get("Statement") {
        None => bail!("PolicyDocument: missing field `Statement`"),
        Some(Value::Array(statements)) => statements.clone(),
        Some(one) => vec![one.clone()],
    };
    for (index, statement) in statements.iter().enumerate() {
        let effect = statement.get("Effect").and_then(Value::as_str);
        ensure!(
            matches!(effect, Some("Allow" | "Deny")),
            "PolicyDocument.Statement.{index}.Effect must be Allow or Deny"
        );
    }
    Ok(statements)
}

/// Whether a role's statements allow an action on a resource of this account. A statement with an unknown condition never applies.
pub fn allows(statements: &[Value], action: &str, resource: &str) -> bool {
    let of_this_account = |key: &str| match key {
        "s3:resourceaccount" | "aws:resourceaccount" => Some(ACCOUNT),
        _ => None,
    };
    let any = |statement: &Value, element: &str, text: &str| {
        let patterns = texts(statement.get(element));
        patterns
            .iter()
            .any(|pattern| like(&pattern.to_lowercase(), &text.to_lowercase()))
    };
    let mut applying = statements.iter().filter(|statement| {
        holds(statement.get("Condition"), &of_this_account)
            && any(statement, "Action", action)
            && texts(statement.get("Resource"))
                .iter()
                .any(|pattern| like(pattern, resource))
    });
    // Roles here have no Deny.
    applying.any(|statement| statement["Effect"] == "Allow")
}

/// Whether Lambda may write to a bucket with a function's role. If the template does not say which role that is, it is SAM's.
pub fn may_keep_in(plan: &Plan, function: &Function, bucket: &str) -> bool {
    let Some(role) = plan.roles.iter().find(|role| Some(&role.arn) == function.role.as_ref()) else {
        return true;
    };
    let bucket = format!("arn:aws:s3:::{bucket}");
    allows(&role.statements, "s3:ListBucket", &bucket)
        && allows(&role.statements, "s3:PutObject", &format!("{bucket}/aws/lambda/object"))
}

/// Checks that the rules of the template may send to their queues.
pub fn check(plan: &Plan) -> Result<()> {
    for policy in &plan.queue_policies {
        for queue in &policy.queues {
            ensure!(
                plan.queues.iter().any(|known| known.name == *queue),
                "resource {}: Queues: there is no queue `{queue}` in this template",
                policy.logical_id
            );
            let other = plan
                .queue_policies
                .iter()
                .find(|other| other.logical_id != policy.logical_id && other.queues.contains(queue));
            if let Some(other) = other {
                anyhow::bail!(
                    "resources {} and {}: Queues: both are the policy of the queue `{queue}`; a queue has one policy, so on \
                     AWS one replaces the other",
                    policy.logical_id,
                    other.logical_id
                );
            }
        }
    }
    for rule in &plan.rules {
        for target in &rule.targets {
            may_send(plan, rule, &target.queue_arn)
                .with_context(|| format!("target {}", target.id))
                .with_context(|| format!("rule {}", rule.name))?;
            if let Some(dead_letters) = &target.dead_letter_queue_arn {
                may_send(plan, rule, dead_letters)
                    .with_context(|| format!("dead-letter queue of target {}", target.id))
                    .with_context(|| format!("rule {}", rule.name))?;
            }
        }
    }
    Ok(())
}

fn may_send(plan: &Plan, rule: &Rule, queue_arn: &str) -> Result<()> {
    let queue = names::queue_of(queue_arn).unwrap_or(queue_arn);
    let rule_arn = arn::rule(&rule.bus, &rule.name);
    let statements = plan
        .queue_policies
        .iter()
        .filter(|policy| policy.queues.iter().any(|name| name == queue))
        .flat_map(|policy| &policy.statements);
    let mut is_allowed = false;
    for statement in statements.filter(|statement| applies(statement, queue_arn, &rule_arn)) {
        // One Deny outweighs every Allow.
        ensure!(
            statement["Effect"] == "Allow",
            "the policy of the queue `{queue}` denies it to {SERVICE}"
        );
        is_allowed = true;
    }
    ensure!(
        is_allowed,
        "no policy of the queue `{queue}` allows {SERVICE} to do {ACTION} for the rule {rule_arn}; AWS would lose the events"
    );
    Ok(())
}

/// Whether a statement is about a rule's messages to a queue. A statement with an unknown condition never applies.
fn applies(statement: &Value, queue_arn: &str, rule_arn: &str) -> bool {
    let Some(statement) = statement.as_object() else {
        return false;
    };
    let any =
        |element: &str, matches: &dyn Fn(&str) -> bool| texts(statement.get(element)).iter().any(|text| matches(text));
    is_principal(statement.get("Principal"), SERVICE)
        && any("Action", &|action| like(&action.to_lowercase(), &ACTION.to_lowercase()))
        && any("Resource", &|resource| like(resource, queue_arn))
        && holds(statement.get("Condition"), &|key| match key {
            "aws:sourcearn" => Some(rule_arn),
            "aws:sourceaccount" => Some(ACCOUNT),
            "aws:securetransport" => Some("true"),
            _ => None,
        })
}

/// Whether the principal is `*`, `{AWS: '*'}` or includes the service.
pub fn is_principal(principal: Option<&Value>, service: &str) -> bool {
    match principal {
        Some(Value::Object(kinds)) => {
            texts(kinds.get("AWS")).iter().any(|name| name == "*")
                || texts(kinds.get("Service")).iter().any(|name| name == service)
        }
        other => texts(other).iter().any(|name| name == "*"),
    }
}

/// Whether a condition is true: every operator and key must match, each with one of its values. `given` has the request's values by the keys in
/// lower case.
fn holds<'a>(condition: Option<&Value>, given: &dyn Fn(&str) -> Option<&'a str>) -> bool {
    let empty = Map::new();
    let operators = condition.and_then(Value::as_object).unwrap_or(&empty);
    operators.iter().all(|(operator, keys)| {
        keys.as_object().is_some_and(|keys| {
            keys.iter().all(|(key, values)| {
                let Some(given) = given(&key.to_lowercase()) else {
                    return false;
                };
                texts(Some(values)).iter().any(|value| compare(operator, value, given))
            })
        })
    })
}

fn compare(operator: &str, value: &str, given: &str) -> bool {
    match operator {
        "StringEquals" => value == given,
        "StringLike" => like(value, given),
        "ArnEquals" | "ArnLike" => {
            // AWS compares each of an ARN's six parts separately: a `*` does not match a colon between them.
            let parts = |arn: &str| arn.splitn(6, ':').map(str::to_owned).collect::<Vec<_>>();
            let (patterns, parts) = (parts(value), parts(given));
            patterns.len() == parts.len() && patterns.iter().zip(&parts).all(|(pattern, part)| like(pattern, part))
        }
        "Bool" => value.eq_ignore_ascii_case(given),
        _ => false,
    }
}

/// Text or a list of texts.
pub fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(items)) => items.iter().filter_map(scalar).collect(),
        Some(one) => scalar(one).into_iter().collect(),
        None => Vec::new(),
    }
}

/// Whether text matches a pattern: `*` stands for any characters and `?` for one.
pub fn like(pattern: &str, text: &str) -> bool {
    let Some(first) = pattern.chars().next() else {
        return text.is_empty();
    };
    let rest = &pattern[first.len_utf8()..];
    let mut characters = text.chars();
    match first {
        '*' => like(rest, text) || (characters.next().is_some() && like(pattern, characters.as_str())),
        '?' => characters.next().is_some() && like(rest, characters.as_str()),
        literal => characters.next() == Some(literal) && like(rest, characters.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:local-tasks";
    const RULE: &str = "arn:aws:events:us-east-1:000000000000:rule/bus/local-Rule";

    /// Whether a statement applies in which some elements are replaced.
    fn with(changes: Value) -> bool {
        let mut statement = json!({
            "Effect": "Allow",
            "Principal": {"Service": SERVICE},
            "Action": ACTION,
            "Resource": QUEUE,
        });
        for (element, value) in changes.as_object().unwrap() {
            statement[element] = value.clone();
        }
        applies(&statement, QUEUE, RULE)
    }

    #[test]
    fn principals_actions_and_resources_may_be_one_or_several_or_all() {
        for changes in [
            json!({}),
            json!({"Principal": "*"}),
            json!({"Principal": {"AWS": "*"}}),
            json!({"Principal": {"Service": ["sns.amazonaws.com", SERVICE]}}),
            json!({"Action": "*"}),
            json!({"Action": "SQS:Send*"}),
            json!({"Action": ["sqs:ReceiveMessage", "sqs:SendMessage"]}),
            json!({"Resource": "*"}),
            json!({"Resource": ["arn:aws:sqs:us-east-1:000000000000:other", "arn:aws:sqs:*:*:local-*"]}),
        ] {
            assert!(with(changes.clone()), "{changes}");
        }
        for changes in [
            json!({"Principal": {"Service": "sns.amazonaws.com"}}),
            json!({"Principal": {"AWS": "arn:aws:iam::000000000000:root"}}),
            json!({"Principal": null}),
            json!({"Action": "sqs:ReceiveMessage"}),
            json!({"Action": []}),
            json!({"Resource": "arn:aws:sqs:us-east-1:000000000000:other"}),
            json!({"Resource": null}),
        ] {
            assert!(!with(changes.clone()), "{changes}");
        }
    }

    #[test]
    fn conditions_compare_the_rules_arn_and_the_account() {
        for condition in [
            json!({"ArnEquals": {"aws:SourceArn": RULE}}),
            json!({"ArnLike": {"AWS:SourceARN": "arn:aws:events:us-east-1:000000000000:rule/bus/*"}}),
            json!({"ArnLike": {"aws:SourceArn": ["arn:aws:events:*:*:rule/other", "arn:aws:events:*:*:rule/bus/local-Rul?"]}}),
            json!({"StringEquals": {"aws:SourceArn": RULE, "aws:SourceAccount": ACCOUNT}}),
            json!({"StringLike": {"aws:SourceArn": "arn:*:rule/*"}, "Bool": {"aws:SecureTransport": true}}),
        ] {
            assert!(with(json!({"Condition": condition})), "{condition}");
        }
        for condition in [
            json!({"ArnEquals": {"aws:SourceArn": "arn:aws:events:us-east-1:000000000000:rule/local-Rule"}}),
            json!({"ArnLike": {"aws:SourceArn": "arn:aws:events:us-east-1:000000000000:rule/other/*"}}),
            // `*` does not match a colon between the six parts.
            json!({"ArnLike": {"aws:SourceArn": "arn:*:rule/*"}}),
            json!({"StringEquals": {"aws:SourceArn": "arn:aws:events:us-east-1:000000000000:rule/bus/*"}}),
            json!({"StringEquals": {"aws:SourceArn": RULE, "aws:SourceAccount": "111111111111"}}),
            json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
            json!({"Bool": {"aws:SecureTransport": "false"}}),
            json!({"NumericEquals": {"aws:SourceAccount": ACCOUNT}}),
        ] {
            assert!(!with(json!({"Condition": condition})), "{condition}");
        }
    }

    #[test]
    fn a_role_allows_what_one_of_its_statements_allows() {
        let own = json!({"StringEquals": {"s3:ResourceAccount": ACCOUNT}});
        let statements = [
            json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::kept"}),
            json!({"Effect": "Allow", "Action": ["s3:Put*"], "Resource": "arn:aws:s3:::kept/aws/*", "Condition": own}),
            json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": {"Bool": {"s3:Odd": "true"}}}),
        ];
        for (action, resource, expected) in [
            ("s3:ListBucket", "arn:aws:s3:::kept", true),
            ("s3:ListBucket", "arn:aws:s3:::other", false),
            ("s3:PutObject", "arn:aws:s3:::kept/aws/a", true),
            ("s3:PutObject", "arn:aws:s3:::kept/b", false),
            ("s3:GetObject", "arn:aws:s3:::kept/aws/a", false),
        ] {
            assert_eq!(allows(&statements, action, resource), expected, "{action} {resource}");
        }
    }

    #[test]
    fn lambda_needs_two_permissions_to_keep_what_it_gives_up() {
        let put = json!({"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::kept/*"});
        let list = json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::kept"});
        let function = Function {
            role: Some("role".to_owned()),
            ..crate::lambda::tests::function("f", "target/lambda/f/")
        };
        for (statements, expected) in [
            (vec![put.clone(), list.clone()], true),
            (vec![put], false),
            (vec![list], false),
        ] {
            let role = crate::plan::Role {
                arn: "role".to_owned(),
                trust: vec![],
                statements,
                managed_policies: vec![],
            };
            let plan = Plan {
                roles: vec![role],
                ..Plan::default()
            };
            assert_eq!(may_keep_in(&plan, &function, "kept"), expected);
        }
    }

    #[test]
    fn a_pattern_has_stars_and_question_marks() {
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("a*c", "abbc"),
            ("a?c", "aüc"),
            ("*b*", "abc"),
            ("a**", "a"),
        ] {
            assert!(like(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("?", ""), ("a*c", "abcd"), ("A", "a")] {
            assert!(!like(pattern, text), "{pattern} {text}");
        }
    }
}
