//! The queues themselves: their settings, and those that clients make beside the template's.

use std::sync::PoisonError;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Queue, Sqs, SqsError};
use crate::arn;
use crate::plan::{self, Redrive};
use crate::store::{Store, now_ms};

/// The largest message: 1 MiB since 2025.
pub const MAX_SIZE: u32 = 1024 * 1024;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Seconds, as are the next three.
    pub visibility_timeout: u32,
    pub retention: u32,
    pub delay: u32,
    pub receive_wait: u32,
    /// Bytes.
    pub max_size: u32,
    pub redrive: Option<Redrive>,
    /// Seconds since the epoch.
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
    /// Takes over what SQS calls a queue's attributes.
    fn apply(&mut self, attributes: &Map<String, Value>) -> Result<(), SqsError> {
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
                        let message = format!(
                            "{value} is no value for {name}: it takes {} to {}.",
                            range.start(),
                            range.end()
                        );
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
                // Who may send, who may redrive and how messages are encrypted means nothing on a laptop.
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
        // The API takes the number as a string too.
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

fn no_fifo() -> SqsError {
    SqsError::invalid("The local cloud has standard queues only: FIFO queues are not supported.")
}

/// The queues that `CreateQueue` made in this or an earlier run.
pub fn made_by_clients(store: &Store) -> anyhow::Result<Vec<(String, Settings)>> {
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

impl Sqs {
    pub fn create_queue(&self, name: &str, attributes: &Map<String, Value>) -> Result<(), SqsError> {
        if name.ends_with(".fifo") {
            return Err(no_fifo());
        }
        let spelled = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
        if !(1..=80).contains(&name.len()) || !name.chars().all(spelled) {
            return Err(SqsError::invalid(
                "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
            ));
        }
        let mut settings = Settings::default();
        settings.apply(attributes)?;
        if let Ok(existing) = self.queue(name) {
            let asked_for = Settings {
                created: existing.settings().created,
                ..settings
            };
            if !attributes.is_empty() && asked_for != existing.settings() {
                let message = "A queue already exists with the same name and a different value for an attribute.";
                return Err(SqsError::refused("QueueNameExists", message));
            }
            return Ok(());
        }
        self.keep(name, &settings)?;
        let queue = Queue::new(name.to_owned(), settings, false);
        self.queues
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.to_owned(), queue);
        Ok(())
    }

    /// Changes a queue. For one of the template the change ends with this run: the template says what it is.
    pub fn set_attributes(&self, name: &str, attributes: &Map<String, Value>) -> Result<(), SqsError> {
        let queue = self.queue(name)?;
        let mut settings = queue.settings();
        settings.apply(attributes)?;
        if !queue.in_template {
            self.keep(name, &settings)?;
        }
        *queue.settings.write().unwrap_or_else(PoisonError::into_inner) = settings;
        queue.changed.notify_waiters();
        Ok(())
    }

    fn keep(&self, name: &str, settings: &Settings) -> anyhow::Result<()> {
        let settings = serde_json::to_string(settings)?;
        self.store.write(|transaction| {
            transaction.execute(
                "INSERT OR REPLACE INTO queues (name, settings) VALUES (?1, ?2)",
                (name, &settings),
            )
        })?;
        Ok(())
    }

    pub fn delete_queue(&self, name: &str) -> Result<(), SqsError> {
        if self.queue(name)?.in_template {
            let message = format!("{name} is a queue of the template: take it out there.");
            return Err(SqsError::refused("UnsupportedOperation", message));
        }
        self.store.write(|transaction| {
            transaction.execute("DELETE FROM queues WHERE name = ?1", [name])?;
            transaction.execute("DELETE FROM messages WHERE queue = ?1", [name])
        })?;
        self.queues.write().unwrap_or_else(PoisonError::into_inner).remove(name);
        Ok(())
    }

    pub fn purge(&self, name: &str) -> Result<(), SqsError> {
        let queue = self.queue(name)?;
        self.store
            .write(|transaction| transaction.execute("DELETE FROM messages WHERE queue = ?1", [&queue.name]))?;
        Ok(())
    }

    pub fn names(&self) -> Vec<String> {
        self.all().iter().map(|queue| queue.name.clone()).collect()
    }

    /// The queues whose dead-letter queue `name` is.
    pub fn sources_of(&self, name: &str) -> Result<Vec<String>, SqsError> {
        let dead_letter_queue = self.queue(name)?;
        let sources = self.all().into_iter().filter(|queue| {
            queue
                .settings()
                .redrive
                .is_some_and(|redrive| redrive.dead_letter_queue == dead_letter_queue.name)
        });
        Ok(sources.map(|queue| queue.name.clone()).collect())
    }

    /// All of a queue's attributes, as SQS spells them.
    pub fn attributes(&self, name: &str) -> Result<Map<String, Value>, SqsError> {
        let settings = self.queue(name)?.settings();
        let depth = self
            .depths()?
            .into_iter()
            .find(|depth| depth.name == name)
            .ok_or_else(|| SqsError::no_queue(name))?;
        let mut attributes = Map::new();
        let mut tell = |name: &str, value: String| attributes.insert(name.to_owned(), Value::String(value));
        tell("QueueArn", arn::queue(name));
        tell("ApproximateNumberOfMessages", depth.visible.to_string());
        tell("ApproximateNumberOfMessagesNotVisible", depth.in_flight.to_string());
        tell("ApproximateNumberOfMessagesDelayed", depth.delayed.to_string());
        tell("CreatedTimestamp", settings.created.to_string());
        tell("LastModifiedTimestamp", settings.created.to_string());
        tell("VisibilityTimeout", settings.visibility_timeout.to_string());
        tell("MaximumMessageSize", settings.max_size.to_string());
        tell("MessageRetentionPeriod", settings.retention.to_string());
        tell("DelaySeconds", settings.delay.to_string());
        tell("ReceiveMessageWaitTimeSeconds", settings.receive_wait.to_string());
        tell("SqsManagedSseEnabled", "true".to_owned());
        if let Some(redrive) = settings.redrive {
            let policy = json!({
                "deadLetterTargetArn": arn::queue(&redrive.dead_letter_queue),
                "maxReceiveCount": redrive.max_receive_count,
            });
            tell("RedrivePolicy", policy.to_string());
        }
        Ok(attributes)
    }

    /// Starts what `StartMessageMoveTask` asks for; here it is done when this returns.
    pub fn move_messages(&self, source: &str, destination: Option<&str>) -> Result<u64, SqsError> {
        if self.sources_of(source)?.is_empty() {
            let message = format!("{source} is not the dead-letter queue of any queue.");
            return Err(SqsError::refused("UnsupportedOperation", message));
        }
        if let Some(destination) = destination {
            self.queue(destination)?;
        }
        self.move_dead(source, None, destination)
    }
}
