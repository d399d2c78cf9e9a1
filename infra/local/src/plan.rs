//! The plan: the resources of a template, with every name, ARN and URL resolved.
//!
//! The template module creates a `Plan`. The other modules only read it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The only region and account of the local cloud.
pub const REGION: &str = "us-east-1";
pub const ACCOUNT: &str = "000000000000";

#[derive(Debug, Default)]
pub struct Plan {
    pub tables: Vec<Table>,
    pub queues: Vec<Queue>,
    pub queue_policies: Vec<QueuePolicy>,
    pub buses: Vec<Bus>,
    pub rules: Vec<Rule>,
    pub functions: Vec<Function>,
    pub routes: Vec<Route>,
    pub throttles: Throttles,
    pub roles: Vec<Role>,
    pub managed_policies: Vec<ManagedPolicy>,
    pub mappings: Vec<Mapping>,
    pub schedules: Vec<Schedule>,
    pub secrets: Vec<Secret>,
    pub buckets: Vec<Bucket>,
    pub cdn: Option<Cdn>,
    pub cors: Option<Cors>,
    pub local: LocalHints,
    /// Parts of the template that the local cloud does not run, one sentence each.
    pub warnings: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Table {
    pub logical_id: String,
    pub name: String,
    /// The `CreateTable` request.
    pub create: serde_json::Value,
    pub ttl_attribute: Option<String>,
    pub streamed: bool,
}

#[derive(Clone, Debug)]
pub struct Queue {
    pub logical_id: String,
    pub name: String,
    /// In seconds, as are the next three.
    pub visibility_timeout: u32,
    pub retention: u32,
    pub delay: u32,
    pub receive_wait: u32,
    pub redrive: Option<Redrive>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redrive {
    /// A name, not an ARN.
    pub dead_letter_queue: String,
    pub max_receive_count: u32,
}

/// The permissions of one or more queues.
#[derive(Clone, Debug)]
pub struct QueuePolicy {
    pub logical_id: String,
    /// Names, not URLs.
    pub queues: Vec<String>,
    /// In the language of IAM.
    pub statements: Vec<serde_json::Value>,
}

#[derive(Clone, Debug)]
pub struct Bus {
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    pub name: String,
    /// A name, not an ARN.
    pub bus: String,
    pub pattern: serde_json::Value,
    pub enabled: bool,
    pub targets: Vec<Target>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    pub id: String,
    pub queue_arn: String,
    pub input_path: Option<String>,
    pub dead_letter_queue_arn: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Function {
    pub logical_id: String,
    pub name: String,
    pub arn: String,
    /// The folder that is deployed to AWS, relative to the template.
    pub code_uri: PathBuf,
    /// The Cargo binary: the last part of `CodeUri`. Several functions may share it.
    pub binary: String,
    /// `_HANDLER`: tells a shared binary which function to run.
    pub handler: String,
    /// In seconds.
    pub timeout: u32,
    /// In megabytes. Passed to the function, but not enforced.
    pub memory: u32,
    pub environment: BTreeMap<String, String>,
    /// An ARN.
    pub role: Option<String>,
    /// `RecursiveLoop: Allow`: Lambda does not stop the function in a chain of requests that invokes it again and again.
    pub allows_loops: bool,
    pub reserved_concurrency: Option<u32>,
}

/// One route of the HTTP API.
#[derive(Clone, Debug)]
pub struct Route {
    /// `None` for `ANY`.
    pub method: Option<String>,
    /// In the template's form: `/v1/things/{id}`, `/files/{proxy+}` or `$default`.
    pub path: String,
    /// A function's name.
    pub function: String,
    /// The ARN of the role as which the API invokes the function. `None`: the function's own permissions allow it.
    pub role: Option<String>,
}

impl Route {
    /// Its name in API Gateway, such as `GET /v1/things/{id}`.
    pub fn key(&self) -> String {
        match (&self.method, self.path.as_str()) {
            (_, "$default") => "$default".to_owned(),
            (method, path) => format!("{} {path}", method.as_deref().unwrap_or("ANY")),
        }
    }
}

/// The limits of the API's routes.
#[derive(Clone, Debug, Default)]
pub struct Throttles {
    /// The limit of each route that has none of its own.
    pub default: Option<Throttle>,
    /// By route key.
    pub routes: BTreeMap<String, Throttle>,
}

/// A token bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Throttle {
    /// Requests a second.
    pub rate: f64,
    /// Requests at once.
    pub burst: f64,
}

#[derive(Clone, Debug)]
pub struct Role {
    pub arn: String,
    /// The statements about its assumption, in the language of IAM, as are the next.
    pub trust: Vec<serde_json::Value>,
    pub statements: Vec<serde_json::Value>,
    /// ARNs.
    pub managed_policies: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct ManagedPolicy {
    pub arn: String,
    pub statements: Vec<serde_json::Value>,
}

/// A rate at which a function is invoked.
#[derive(Clone, Debug)]
pub struct Schedule {
    pub id: String,
    /// A function's name.
    pub function: String,
    pub every: Duration,
    /// `None`: Scheduler's default event.
    pub input: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Mapping {
    /// The logical id. Checkpoints are stored under it.
    pub id: String,
    /// A function's name.
    pub function: String,
    pub enabled: bool,
    pub batch_size: u32,
    /// The seconds to wait until a batch is full.
    pub window: u32,
    /// Whether the function answers with `batchItemFailures`.
    pub reports_item_failures: bool,
    /// Event patterns: a record must match one of them. Empty: every record is selected.
    pub filters: Vec<serde_json::Value>,
    pub source: Source,
}

#[derive(Clone, Debug)]
pub enum Source {
    Stream(StreamSource),
    Queue {
        /// A queue's name.
        queue: String,
        max_concurrency: Option<u32>,
    },
}

#[derive(Clone, Debug)]
pub struct StreamSource {
    /// A table's name.
    pub table: String,
    /// `LATEST` rather than `TRIM_HORIZON`: the mapping skips records that are older than itself.
    pub from_latest: bool,
    pub bisect: bool,
    /// `None`: no limit.
    pub max_retries: Option<u32>,
    /// In seconds. `None`: no limit.
    pub max_record_age: Option<u32>,
    pub on_failure: Option<OnFailure>,
}

/// The name of the queue or bucket to which a stream's mapping sends the batches that it gave up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// Gets a description of the records.
    Queue(String),
    /// Gets the records too.
    Bucket(String),
}

/// A secret: its value, or how to generate it once.
#[derive(Clone, Debug)]
pub struct Secret {
    pub name: String,
    pub arn: String,
    pub value: SecretValue,
}

#[derive(Clone, Debug)]
pub enum SecretValue {
    Given(String),
    Generated(SecretRecipe),
}

/// `GenerateSecretString`.
#[derive(Clone, Debug)]
pub struct SecretRecipe {
    pub length: usize,
    /// The characters to choose from.
    pub alphabet: Vec<char>,
    /// A JSON object, and the key under which the generated string is inserted.
    pub inside: Option<(serde_json::Map<String, serde_json::Value>, String)>,
}

/// An S3 bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    pub name: String,
    pub cors: Vec<CorsRule>,
    pub expirations: Vec<Expiration>,
}

/// Permissions for browsers. The first rule that fits a request applies.
#[derive(Clone, Debug, Default)]
pub struct CorsRule {
    /// Each may contain one `*`, as may headers.
    pub origins: Vec<String>,
    pub methods: Vec<String>,
    pub headers: Vec<String>,
    pub exposed_headers: Vec<String>,
    pub max_age: Option<u32>,
}

/// A lifecycle rule: deletes objects that are older than a number of days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiration {
    /// The prefix of the key. Empty: any key.
    pub prefix: String,
    /// The object must have all of these tags.
    pub tags: Vec<(String, String)>,
    pub days: u32,
}

/// A CloudFront distribution in front of a bucket.
#[derive(Clone, Debug)]
pub struct Cdn {
    pub logical_id: String,
    /// A bucket's name.
    pub bucket: String,
    /// Precedes the path of a request. Empty, or with a slash at its start and none at its end.
    pub origin_path: String,
}

/// The HTTP API's CORS configuration.
#[derive(Clone, Debug, Default)]
pub struct Cors {
    pub allow_origins: Vec<String>,
    pub allow_methods: Vec<String>,
    pub allow_headers: Vec<String>,
    pub expose_headers: Vec<String>,
    pub max_age: Option<u32>,
    pub allow_credentials: bool,
}

/// Settings for the local cloud only, from `Metadata: LocalCloud`.
#[derive(Clone, Debug, Default)]
pub struct LocalHints {
    pub first_request: Option<FirstRequest>,
    pub samples: Option<Samples>,
    /// JSON pointers: the parts of an event that `cargo local events` prints beside its time and type.
    pub event_columns: Vec<String>,
    /// The names and paths of the API's documents.
    pub documents: BTreeMap<String, String>,
}

/// The functions' sample payloads.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Samples {
    /// Relative to the template. A function's sample has the name of its handler, and the ending `.json`.
    pub folder: PathBuf,
    /// The text that stands in a sample for a token.
    pub token: String,
}

/// The request of the `curl` command that is printed at the start.
#[derive(Clone, Debug)]
pub struct FirstRequest {
    pub method: String,
    pub path: String,
    pub body: Option<serde_json::Value>,
}
