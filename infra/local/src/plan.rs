//! What a template comes down to: the resources to run, with every name, ARN and URL already worked out.
//!
//! The template module makes a `Plan`; everything else only reads it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The one region and account the local cloud plays.
pub const REGION: &str = "us-east-1";
pub const ACCOUNT: &str = "000000000000";

#[derive(Debug, Default)]
pub struct Plan {
    pub tables: Vec<Table>,
    pub queues: Vec<Queue>,
    pub buses: Vec<Bus>,
    pub rules: Vec<Rule>,
    pub functions: Vec<Function>,
    pub routes: Vec<Route>,
    pub mappings: Vec<Mapping>,
    pub schedules: Vec<Schedule>,
    pub secrets: Vec<Secret>,
    pub buckets: Vec<Bucket>,
    pub cdn: Option<Cdn>,
    pub cors: Option<Cors>,
    pub local: LocalHints,
    /// What the template asks for and the local cloud does not do, one sentence each.
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
    /// Seconds, as are the next three.
    pub visibility_timeout: u32,
    pub retention: u32,
    pub delay: u32,
    pub receive_wait: u32,
    pub redrive: Option<Redrive>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redrive {
    /// A queue's name, not its ARN.
    pub dead_letter_queue: String,
    pub max_receive_count: u32,
}

#[derive(Clone, Debug)]
pub struct Bus {
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    pub name: String,
    /// A bus's name, not its ARN.
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
    /// The folder that AWS gets, relative to the template.
    pub code_uri: PathBuf,
    /// The Cargo binary: the last part of `CodeUri`. Several functions may share it.
    pub binary: String,
    /// Tells a binary that several functions share which of them to run.
    pub handler: String,
    /// Seconds.
    pub timeout: u32,
    /// Megabytes. Told to the function, not enforced.
    pub memory: u32,
    pub environment: BTreeMap<String, String>,
    pub reserved_concurrency: Option<u32>,
}

/// One route of the HTTP API.
#[derive(Clone, Debug)]
pub struct Route {
    /// `None` for `ANY`.
    pub method: Option<String>,
    /// As in the template: `/v1/things/{id}`, `/files/{proxy+}` or `$default`.
    pub path: String,
    /// A function's name.
    pub function: String,
}

/// A function that starts by itself now and then.
#[derive(Clone, Debug)]
pub struct Schedule {
    pub id: String,
    /// A function's name.
    pub function: String,
    pub every: Duration,
    /// What it is sent; `None`: what Scheduler sends by itself.
    pub input: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Mapping {
    /// The logical id, under which progress is remembered.
    pub id: String,
    /// A function's name.
    pub function: String,
    pub enabled: bool,
    pub batch_size: u32,
    /// Seconds to wait for a batch to fill.
    pub window: u32,
    /// Whether the function answers with `batchItemFailures`.
    pub reports_item_failures: bool,
    /// Event patterns; a record that matches none is passed over. Empty: all records.
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
    /// `LATEST` rather than `TRIM_HORIZON`: records older than the mapping are not for it.
    pub from_latest: bool,
    pub bisect: bool,
    /// `None`: as often as it takes.
    pub max_retries: Option<u32>,
    /// Seconds. `None`: records never grow too old.
    pub max_record_age: Option<u32>,
    /// A queue's ARN.
    pub on_failure: Option<String>,
}

/// A secret that is made up once and then kept.
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
    /// The characters to draw from.
    pub alphabet: Vec<char>,
    /// A JSON object and the key under which the made-up string goes into it.
    pub inside: Option<(serde_json::Map<String, serde_json::Value>, String)>,
}

/// An S3 bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    pub name: String,
    pub cors: Vec<CorsRule>,
    pub expirations: Vec<Expiration>,
}

/// What a bucket allows browsers; the first rule that fits a request counts.
#[derive(Clone, Debug, Default)]
pub struct CorsRule {
    /// May hold one `*`, as may headers.
    pub origins: Vec<String>,
    pub methods: Vec<String>,
    pub headers: Vec<String>,
    pub exposed_headers: Vec<String>,
    pub max_age: Option<u32>,
}

/// A lifecycle rule: the objects it means are deleted when they are old.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiration {
    /// Of the key. Empty: any.
    pub prefix: String,
    /// Tags that the object must have, all of them.
    pub tags: Vec<(String, String)>,
    pub days: u32,
}

/// A CloudFront distribution before a bucket.
#[derive(Clone, Debug)]
pub struct Cdn {
    pub logical_id: String,
    /// A bucket's name.
    pub bucket: String,
    /// Goes before the path of a request; empty, or with a slash at its start and none at its end.
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

/// What the template tells the local cloud alone, under `Metadata: LocalCloud`.
#[derive(Clone, Debug, Default)]
pub struct LocalHints {
    pub first_request: Option<FirstRequest>,
}

/// The request that the printed `curl` sends.
#[derive(Clone, Debug)]
pub struct FirstRequest {
    pub method: String,
    pub path: String,
    pub body: Option<serde_json::Value>,
}
