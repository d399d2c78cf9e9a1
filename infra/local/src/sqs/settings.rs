//! The settings of a queue: from the template, or from the attributes that a client sets.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::SqsError;
use crate::arn;
use crate::plan::{self, Redrive};
use crate::store::{Store, now_ms};

/// The largest message: 1 MiB since 2025.
pub const MAX_SIZE: u32 = 1024 * 1024;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// In seconds, as are the next three.
    pub visibility_timeout: u32,
    pub retention: u32,
    pub delay: u32,
    pub receive_wait: u32,
    /// In bytes.
    pub max_size: u32,
    pub redrive: Option<Redrive>,
    /// In seconds since the epoch.
    pub created: i64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            visibility_timeout: 30,
            retention: 4 * 24 * 60 * 60,
            delay: 0,
            receive_wait: 0,
            max_size: MAX_SIZE,
            redrive: None,
            created: now_ms() / 1000,
        }
    }
}

impl From<&plan::Queue> for Settings {
    fn from(queue: &plan::Queue) -> Settings {
        Settings {
            visibility_timeout: queue.visibility_timeout,
            retention: queue.retention,
            delay: queue.delay,
            receive_wait: queue.receive_wait,
            redrive: queue.redrive.clone(),
            ..Settings::default()
        }
    }
}

impl Settings {
    /// The queues that clients created in this or an earlier run.
    pub fn of_client_queues(store: &Store) -> anyhow::Result<Vec<(String, Settings)>> {
        let rows: Vec<(String, String)> = store.read(|connection| {
            connection
                .prepare("SELECT name, settings FROM queues")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })?;
        rows.into_iter()
            .map(|(name, settings)| Ok((name, serde_json::from_str(&settings)?)))
            .collect()
    }

    /// Applies attributes, which is the SQS API's word for settings.
    pub fn apply(&mut self, attributes: &Map<String, Value>) -> Result<(), SqsError> {
        for (name, value) in attributes {
            let Some(value) = value.as_str() else {
                return Err(SqsError::invalid(format!("The value of {name} must be a string.")));
            };
            let number = |range: std::ops::RangeInclusive<u32>| {
                value
                    .parse()
                    .ok()
                    .filter(|number| range.contains(number))
                    .ok_or_else(|| {
                        let message = format!("{name} must be {} to {}, not {value}.", range.start(), range.end());
                        SqsError::refused("InvalidAttributeValue", message)
                    })
            };
            match name.as_str() {
                "VisibilityTimeout" => self.visibility_timeout = number(0..=43_200)?,
                "MessageRetentionPeriod" => self.retention = number(60..=1_209_600)?,
                "DelaySeconds" => self.delay = number(0..=900)?,
                "ReceiveMessageWaitTimeSeconds" => self.receive_wait = number(0..=20)?,
                "MaximumMessageSize" => self.max_size = number(1024..=MAX_SIZE)?,
                "RedrivePolicy" => self.redrive = redrive_policy(value)?,
                "FifoQueue" if value == "true" => return Err(no_fifo()),
                // Permissions and encryption mean nothing on a laptop.
                "FifoQueue" | "Policy" | "RedriveAllowPolicy" | "SqsManagedSseEnabled" => {}
                name if name.starts_with("Kms") => {}
                _ => {
                    return Err(SqsError::refused(
                        "InvalidAttributeName",
                        format!("Unknown Attribute {name}."),
                    ));
                }
            }
        }
        Ok(())
    }
}

fn redrive_policy(policy: &str) -> Result<Option<Redrive>, SqsError> {
    if policy.is_empty() {
        return Ok(None);
    }
    let parse = || {
        let policy: Value = serde_json::from_str(policy).ok()?;
        let count = &policy["maxReceiveCount"];
        // SQS accepts the number as a string too.
        let count = count.as_u64().or_else(|| count.as_str()?.parse().ok())?;
        Some(Redrive {
            dead_letter_queue: arn::queue_name(policy["deadLetterTargetArn"].as_str()?).to_owned(),
            max_receive_count: u32::try_from(count).ok().filter(|count| (1..=1000).contains(count))?,
        })
    };
    parse().map(Some).ok_or_else(|| {
        let message = "RedrivePolicy must be JSON with a deadLetterTargetArn and a maxReceiveCount of 1 to 1000.";
        SqsError::refused("InvalidAttributeValue", message)
    })
}

pub fn no_fifo() -> SqsError {
    SqsError::invalid("The local cloud has standard queues only: FIFO queues are not supported.")
}
