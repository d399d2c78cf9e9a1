//! The names of resources, and the URLs and ARNs that `Ref` and `GetAtt` give.

use serde_json::{Map, Value};

use crate::arn;
use crate::plan::{ACCOUNT, Plan, REGION};

/// The stack name that `AWS::StackName` gives.
pub const STACK: &str = "local";
/// The id of the one API that the local cloud serves.
pub const API_ID: &str = "local";
/// The HTTP API that SAM creates if functions have `HttpApi` events and the template declares no API.
const IMPLICIT_API: &str = "ServerlessHttpApi";

/// The longest name of a function or a rule that AWS accepts.
const LONGEST_NAME: usize = 64;
const LONGEST_QUEUE_NAME: usize = 80;

/// The longest name of a stack with which AWS accepts the names of all functions, rules and queues. CloudFormation cannot check it: the
/// functions of its `Rules` do not measure text.
pub fn longest_stack_name(plan: &Plan) -> usize {
    let functions = plan.functions.iter().map(|function| (&function.name, LONGEST_NAME));
    let rules = plan.rules.iter().map(|rule| (&rule.name, LONGEST_NAME));
    let queues = plan.queues.iter().map(|queue| (&queue.name, LONGEST_QUEUE_NAME));
    let room = functions
        .chain(rules)
        .chain(queues)
        .filter_map(|(name, longest)| Some(longest.saturating_sub(name.strip_prefix(STACK)?.len())));
    room.min().unwrap_or(LONGEST_NAME)
}

/// The property in which a template may choose a resource's name.
pub fn property(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "AWS::DynamoDB::Table" => "TableName",
        "AWS::Serverless::Function" | "AWS::Lambda::Function" => "FunctionName",
        "AWS::SQS::Queue" => "QueueName",
        "AWS::Events::EventBus" | "AWS::Events::Rule" | "AWS::SecretsManager::Secret" => "Name",
        "AWS::S3::Bucket" => "BucketName",
        "AWS::Logs::LogGroup" => "LogGroupName",
        "AWS::IAM::Role" => "RoleName",
        "AWS::IAM::ManagedPolicy" => "ManagedPolicyName",
        _ => return None,
    })
}

/// The name of a resource for which the template chooses none.
pub fn default(kind: &str, logical_id: &str) -> String {
    let name = format!("{STACK}-{logical_id}");
    match kind {
        // S3 allows no capital letters.
        "AWS::S3::Bucket" => name.to_lowercase(),
        _ => name,
    }
}

/// The result of `Ref`.
pub fn reference(kind: &str, name: String, aws_url: &str) -> String {
    match kind {
        "AWS::SQS::Queue" => queue_url(aws_url, &name),
        "AWS::SecretsManager::Secret" => secret_arn(&name),
        "AWS::Serverless::HttpApi" => API_ID.to_owned(),
        "AWS::IAM::ManagedPolicy" => policy_arn(&name),
        _ => name,
    }
}

/// A resource of which an attribute is asked.
pub struct Resource<'a> {
    pub logical_id: &'a str,
    pub kind: &'a str,
    pub name: &'a str,
}

/// The result of `GetAtt`; `None` if the resource has no such attribute on the local cloud.
pub fn attribute(resource: &Resource, attribute: &str, aws_url: &str, api_url: &str) -> Option<String> {
    let Resource { logical_id, kind, name } = *resource;
    Some(match (kind, attribute) {
        ("AWS::DynamoDB::Table", "Arn") => arn::of("dynamodb", &format!("table/{name}")),
        ("AWS::DynamoDB::Table", "StreamArn") => stream_arn(name),
        ("AWS::Serverless::Function" | "AWS::Lambda::Function", "Arn") => function_arn(name),
        ("AWS::SQS::Queue", "Arn") => arn::queue(name),
        ("AWS::SQS::Queue", "QueueName") => name.to_owned(),
        ("AWS::SQS::Queue", "QueueUrl") => queue_url(aws_url, name),
        ("AWS::IAM::Role", "Arn") => role_arn(name),
        ("AWS::Events::EventBus", "Arn") => arn::bus(name),
        ("AWS::Events::EventBus", "Name") => name.to_owned(),
        ("AWS::SecretsManager::Secret", "Id" | "Arn") => secret_arn(name),
        ("AWS::S3::Bucket", "Arn") => format!("arn:aws:s3:::{name}"),
        ("AWS::S3::Bucket", "DomainName") => format!("{name}.s3.amazonaws.com"),
        ("AWS::S3::Bucket", "RegionalDomainName") => format!("{name}.s3.{REGION}.amazonaws.com"),
        // The local cloud adds a path. A URL that a template builds from this is right except for its scheme.
        ("AWS::CloudFront::Distribution", "DomainName") => {
            let url = cdn_url(aws_url);
            url.split_once("://").map_or(url.as_str(), |(_, rest)| rest).to_owned()
        }
        ("AWS::Serverless::HttpApi", "ApiEndpoint") => api_url.to_owned(),
        (
            "AWS::DynamoDB::Table"
            | "AWS::SQS::Queue"
            | "AWS::Events::EventBus"
            | "AWS::Events::Rule"
            | "AWS::Serverless::Function"
            | "AWS::S3::Bucket"
            | "AWS::SecretsManager::Secret",
            _,
        ) => return None,
        // The local cloud does not run the others: any text does for their attributes.
        _ => arn::of("local", &format!("{logical_id}/{attribute}")),
    })
}

/// The name of a resource that SAM adds: the implicit API, a function's role or the mapping of a function's event.
pub fn implicit(resources: &Map<String, Value>, logical_id: &str) -> Option<String> {
    if logical_id == IMPLICIT_API {
        return Some(API_ID.to_owned());
    }
    let belongs_to = |(function, resource): (&String, &Value)| {
        resource.get("Type").and_then(Value::as_str) == Some("AWS::Serverless::Function")
            && logical_id.strip_prefix(function.as_str()).is_some_and(|rest| {
                rest == "Role"
                    || resource
                        .pointer("/Properties/Events")
                        .and_then(|events| events.get(rest))
                        .is_some()
            })
    };
    resources
        .iter()
        .any(belongs_to)
        .then(|| format!("{STACK}-{logical_id}"))
}

pub fn function_arn(name: &str) -> String {
    arn::of("lambda", &format!("function:{name}"))
}

// IAM is global: its ARNs name no region.

pub fn role_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{name}")
}

pub fn policy_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:policy/{name}")
}

/// The ARN of a table's stream. AWS has a time in place of `local`.
pub fn stream_arn(table: &str) -> String {
    arn::of("dynamodb", &format!("table/{table}/stream/local"))
}

/// The ARN of a secret. Secrets Manager ends it in six characters that it chooses.
pub fn secret_arn(name: &str) -> String {
    arn::of("secretsmanager", &format!("secret:{name}-000000"))
}

/// The table whose stream has this ARN.
pub fn table_of_stream(stream_arn: &str) -> Option<&str> {
    let (table, _) = stream_arn.split_once(":table/")?.1.split_once("/stream/")?;
    Some(table)
}

/// The queue that has this ARN.
pub fn queue_of(queue_arn: &str) -> Option<&str> {
    arn::is_queue(queue_arn).then(|| arn::queue_name(queue_arn))
}

/// The bucket that has this ARN.
pub fn bucket_of_arn(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:aws:s3:::")
}

/// The bucket that a domain name belongs to.
pub fn bucket_of(domain_name: &str) -> Option<&str> {
    let (bucket, host) = domain_name.split_once(".s3.")?;
    host.ends_with("amazonaws.com").then_some(bucket)
}

/// The URL of the distribution.
pub fn cdn_url(aws_url: &str) -> String {
    format!("{aws_url}/_cdn")
}

/// The queue's URL on the local cloud.
pub fn queue_url(aws_url: &str, queue: &str) -> String {
    format!("{aws_url}/{ACCOUNT}/{queue}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::{Surroundings, load};
    use std::path::{Path, PathBuf};

    fn project() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    #[test]
    fn the_readme_and_samconfig_keep_to_the_longest_stack_name() {
        let surroundings = Surroundings {
            api_url: "",
            aws_url: "",
            values: &[],
        };
        let plan = load(&project().join("template.yaml"), &surroundings).unwrap();
        let longest = longest_stack_name(&plan);
        let read = |name: &str| std::fs::read_to_string(project().join(name)).unwrap();
        let sentence = format!("A stack's name has at most {longest} characters");
        assert!(read("README.md").contains(&sentence), "{sentence}");
        let samconfig = read("samconfig.toml");
        let names: Vec<&str> = samconfig
            .lines()
            .filter_map(|line| line.strip_prefix("stack_name = ").map(|name| name.trim_matches('"')))
            .collect();
        assert_eq!(names.len(), 2);
        assert!(names.iter().all(|name| name.len() <= longest), "{names:?}");
    }
}
