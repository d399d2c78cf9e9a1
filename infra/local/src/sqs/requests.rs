//! The requests of the SQS operations.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::attributes::Attributes;
use super::error::SqsError;
use super::message::Outgoing;
use crate::arn;

/// A queue's name, from its URL. A bare name is accepted too.
fn queue_of_url<'de, D: Deserializer<'de>>(url: D) -> Result<String, D::Error> {
    Ok(arn::queue_name(&String::deserialize(url)?).to_owned())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OfQueue {
    #[serde(rename = "QueueUrl", deserialize_with = "queue_of_url")]
    pub queue: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateQueue {
    pub queue_name: String,
    #[serde(default)]
    pub attributes: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetQueueUrl {
    pub queue_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Page {
    pub max_results: Option<usize>,
    pub next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListQueues {
    #[serde(default)]
    pub queue_name_prefix: String,
    #[serde(flatten)]
    pub page: Page,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListDeadLetterSourceQueues {
    #[serde(rename = "QueueUrl", deserialize_with = "queue_of_url")]
    pub queue: String,
    #[serde(flatten)]
    pub page: Page,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetQueueAttributes {
    #[serde(rename = "QueueUrl", deserialize_with = "queue_of_url")]
    pub queue: String,
    #[serde(default)]
    pub attribute_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SetQueueAttributes {
    #[serde(rename = "QueueUrl", deserialize_with = "queue_of_url")]
    pub queue: String,
    pub attributes: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SentMessage {
    pub message_body: String,
    pub delay_seconds: Option<u32>,
    #[serde(default)]
    pub message_attributes: Attributes,
    #[serde(default)]
    pub message_system_attributes: Attributes,
}

/// The only system attribute that a client can set.
pub const TRACE: &str = "AWSTraceHeader";

impl SentMessage {
    /// `trace` is the trace header of the request. The message's own system attribute precedes it.
    pub fn outgoing(&self, trace: Option<&str>) -> Result<Outgoing, SqsError> {
        if let Some(unknown) = self.message_system_attributes.keys().find(|name| *name != TRACE) {
            return Err(SqsError::invalid(format!(
                "Message system attribute name '{unknown}' is invalid."
            )));
        }
        let own = self.message_system_attributes.get(TRACE);
        if let Some(delay @ 901..) = self.delay_seconds {
            return Err(SqsError::invalid(format!(
                "Value {delay} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."
            )));
        }
        Ok(Outgoing {
            body: self.message_body.clone(),
            attributes: self.message_attributes.clone(),
            delay: self.delay_seconds,
            trace: own
                .and_then(|attribute| attribute.string_value.clone())
                .or_else(|| trace.map(str::to_owned)),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SendMessage {
    #[serde(rename = "QueueUrl", deserialize_with = "queue_of_url")]
    pub queue: String,
    #[serde(flatten)]
    pub message: SentMessage,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Batch<E> {
    #[serde(rename = "QueueUrl", deserialize_with = "queue_of_url")]
    pub queue: String,
    pub entries: Vec<E>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SendEntry {
    pub id: String,
    #[serde(flatten)]
    pub message: SentMessage,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ReceiveMessage {
    #[serde(rename = "QueueUrl", deserialize_with = "queue_of_url")]
    pub queue: String,
    pub max_number_of_messages: Option<u32>,
    pub wait_time_seconds: Option<u32>,
    pub visibility_timeout: Option<u32>,
    #[serde(default)]
    pub attribute_names: Vec<String>,
    #[serde(default)]
    pub message_system_attribute_names: Vec<String>,
    #[serde(default)]
    pub message_attribute_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteMessage {
    #[serde(rename = "QueueUrl", deserialize_with = "queue_of_url")]
    pub queue: String,
    pub receipt_handle: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteEntry {
    pub id: String,
    pub receipt_handle: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ChangeMessageVisibility {
    #[serde(rename = "QueueUrl", deserialize_with = "queue_of_url")]
    pub queue: String,
    pub receipt_handle: String,
    pub visibility_timeout: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ChangeEntry {
    pub id: String,
    pub receipt_handle: String,
    pub visibility_timeout: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StartMessageMoveTask {
    pub source_arn: String,
    pub destination_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListMessageMoveTasks {
    pub source_arn: String,
    pub max_results: Option<usize>,
}
