//! What `Ref` and `GetAtt` of a resource give: its name, URL and ARN.

use serde_json::Value;

use super::resolver::{Resolver, STACK, Unresolved};
use crate::plan::{ACCOUNT, REGION};

/// The HTTP API that SAM makes when functions have `HttpApi` events and the template declares no API.
const IMPLICIT_API: &str = "ServerlessHttpApi";
/// The id of the one API that the local cloud serves.
pub const API_ID: &str = "local";

/// Physical names that the template does not choose are made from the stack's name and the logical id.
pub fn physical(resolver: &Resolver, logical_id: &str, property: &str) -> Result<String, Unresolved> {
    let properties = resolver
        .resources
        .get(logical_id)
        .and_then(|resource| resource.get("Properties"));
    match properties.and_then(|properties| properties.get(property)) {
        Some(name) => resolver.text(name),
        None => Ok(format!("{STACK}-{logical_id}")),
    }
}

/// `service:resource` as an ARN of the local account.
pub fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}

/// A table's stream; the real one has a time in place of `local`.
pub fn stream_arn(table: &str) -> String {
    arn("dynamodb", &format!("table/{table}/stream/local"))
}

/// A secret's ARN ends in six characters of Secrets Manager's choice.
pub fn secret_arn(name: &str) -> String {
    arn("secretsmanager", &format!("secret:{name}-000000"))
}

/// The table whose stream an ARN names.
pub fn table_of_stream(stream_arn: &str) -> Option<&str> {
    let (table, _) = stream_arn.split_once(":table/")?.1.split_once("/stream/")?;
    Some(table)
}

/// The queue that an ARN names.
pub fn queue_of(queue_arn: &str) -> Option<&str> {
    queue_arn
        .strip_prefix("arn:aws:sqs:")?
        .rsplit_once(':')
        .map(|(_, name)| name)
}

/// A bucket's name, in lower case where it is made up: capitals are not for buckets.
pub fn bucket(resolver: &Resolver, logical_id: &str) -> Result<String, Unresolved> {
    let declared = resolver
        .resources
        .get(logical_id)
        .and_then(|resource| resource.pointer("/Properties/BucketName"));
    match declared {
        Some(name) => resolver.text(name),
        None => Ok(format!("{STACK}-{logical_id}").to_lowercase()),
    }
}

/// The bucket that a domain name leads to.
pub fn bucket_of(domain_name: &str) -> Option<&str> {
    let (bucket, host) = domain_name.split_once(".s3.")?;
    host.ends_with("amazonaws.com").then_some(bucket)
}

/// Where the distribution is served.
pub fn cdn_url(aws_url: &str) -> String {
    format!("{aws_url}/_cdn")
}

/// The queue's URL on the local cloud.
pub fn queue_url(aws_url: &str, queue: &str) -> String {
    format!("{aws_url}/{ACCOUNT}/{queue}")
}

fn kind<'a>(resolver: &'a Resolver, logical_id: &str) -> Option<&'a str> {
    resolver.resources.get(logical_id)?.get("Type")?.as_str()
}

/// What `Ref` gives; `None` when there is no such resource.
pub fn reference(resolver: &Resolver, logical_id: &str) -> Result<Option<String>, Unresolved> {
    let Some(kind) = kind(resolver, logical_id) else {
        return Ok(implicit(resolver, logical_id));
    };
    let name = |property| physical(resolver, logical_id, property);
    Ok(Some(match kind {
        "AWS::DynamoDB::Table" => name("TableName")?,
        "AWS::Serverless::Function" | "AWS::Lambda::Function" => name("FunctionName")?,
        "AWS::SQS::Queue" => queue_url(resolver.aws_url, &name("QueueName")?),
        "AWS::Events::EventBus" | "AWS::Events::Rule" => name("Name")?,
        "AWS::SecretsManager::Secret" => secret_arn(&name("Name")?),
        "AWS::S3::Bucket" => bucket(resolver, logical_id)?,
        "AWS::Serverless::HttpApi" => API_ID.to_owned(),
        "AWS::Logs::LogGroup" => name("LogGroupName")?,
        "AWS::IAM::Role" => name("RoleName")?,
        _ => format!("{STACK}-{logical_id}"),
    }))
}

/// What `GetAtt` gives.
pub fn attribute(resolver: &Resolver, logical_id: &str, attribute: &str) -> Result<String, Unresolved> {
    let Some(kind) = kind(resolver, logical_id) else {
        return match implicit(resolver, logical_id) {
            Some(name) => Ok(arn("local", &name)),
            None => Err(Unresolved::new(format!(
                "`{logical_id}` is not a resource of this template"
            ))),
        };
    };
    let name = |property| physical(resolver, logical_id, property);
    Ok(match (kind, attribute) {
        ("AWS::DynamoDB::Table", "Arn") => arn("dynamodb", &format!("table/{}", name("TableName")?)),
        ("AWS::DynamoDB::Table", "StreamArn") => {
            if resolver.resources[logical_id]
                .pointer("/Properties/StreamSpecification")
                .is_none()
            {
                return Err(Unresolved::new(format!(
                    "the table `{logical_id}` has no StreamSpecification, so no stream"
                )));
            }
            stream_arn(&name("TableName")?)
        }
        ("AWS::Serverless::Function" | "AWS::Lambda::Function", "Arn") => {
            arn("lambda", &format!("function:{}", name("FunctionName")?))
        }
        ("AWS::SQS::Queue", "Arn") => arn("sqs", &name("QueueName")?),
        ("AWS::SQS::Queue", "QueueName") => name("QueueName")?,
        ("AWS::SQS::Queue", "QueueUrl") => queue_url(resolver.aws_url, &name("QueueName")?),
        ("AWS::Events::EventBus", "Arn") => arn("events", &format!("event-bus/{}", name("Name")?)),
        ("AWS::Events::EventBus", "Name") => name("Name")?,
        ("AWS::Events::Rule", "Arn") => arn("events", &format!("rule/{}", name("Name")?)),
        ("AWS::SecretsManager::Secret", "Id" | "Arn") => secret_arn(&name("Name")?),
        ("AWS::S3::Bucket", "Arn") => format!("arn:aws:s3:::{}", bucket(resolver, logical_id)?),
        ("AWS::S3::Bucket", "DomainName") => format!("{}.s3.amazonaws.com", bucket(resolver, logical_id)?),
        ("AWS::S3::Bucket", "RegionalDomainName") => {
            format!("{}.s3.{REGION}.amazonaws.com", bucket(resolver, logical_id)?)
        }
        // A path comes with it here, which leaves URLs that are made of it right but for their scheme.
        ("AWS::CloudFront::Distribution", "DomainName") => {
            let url = cdn_url(resolver.aws_url);
            url.split_once("://").map_or(url.as_str(), |(_, rest)| rest).to_owned()
        }
        ("AWS::Serverless::HttpApi", "ApiEndpoint") => resolver.api_url.to_owned(),
        (
            "AWS::DynamoDB::Table"
            | "AWS::SQS::Queue"
            | "AWS::Events::EventBus"
            | "AWS::Events::Rule"
            | "AWS::Serverless::Function"
            | "AWS::S3::Bucket"
            | "AWS::SecretsManager::Secret",
            _,
        ) => {
            return Err(Unresolved::new(format!(
                "{kind} (`{logical_id}`) has no attribute `{attribute}` on the local cloud"
            )));
        }
        // Of what is not run here, an attribute only needs to be something that reads like one.
        _ => arn("local", &format!("{logical_id}/{attribute}")),
    })
}

/// Resources that SAM adds: the implicit API, a function's role and the mappings of its events.
fn implicit(resolver: &Resolver, logical_id: &str) -> Option<String> {
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
    resolver
        .resources
        .iter()
        .any(belongs_to)
        .then(|| format!("{STACK}-{logical_id}"))
}
