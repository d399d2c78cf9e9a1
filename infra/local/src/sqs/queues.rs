//! Creating, changing, describing and deleting queues.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::error::SqsError;
use super::queue::Queue;
use super::service::Sqs;
use super::settings::{Settings, no_fifo};
use crate::arn;
use crate::store::now_ms;

/// The number of messages in a queue.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Depth {
    pub name: String,
    pub visible: u64,
    pub in_flight: u64,
    pub delayed: u64,
    pub is_dead_letter_queue: bool,
}

impl Sqs {
    pub fn create_queue(&self, name: &str, attributes: &Map<String, Value>) -> Result<(), SqsError> {
        if name.ends_with(".fifo") {
            return Err(no_fifo());
        }
        let is_allowed = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
        if !(1..=80).contains(&name.len()) || !name.chars().all(is_allowed) {
            return Err(SqsError::invalid(
                "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
            ));
        }
        let mut settings = Settings::default();
        settings.apply(attributes)?;
        if let Ok(existing) = self.queue(name) {
            let requested = Settings {
                created: existing.settings().created,
                ..settings
            };
            if !attributes.is_empty() && requested != existing.settings() {
                let message = "A queue already exists with the same name and a different value for an attribute.";
                return Err(SqsError::refused("QueueNameExists", message));
            }
            return Ok(());
        }
        self.keep(name, &settings)?;
        let queue = Queue::new(name.to_owned(), settings, false);
        self.queues_mut().insert(name.to_owned(), queue);
        Ok(())
    }

    /// Changes a queue. The change of a template's queue ends with this run, after which the template decides again.
    pub fn set_attributes(&self, name: &str, attributes: &Map<String, Value>) -> Result<(), SqsError> {
        let queue = self.queue(name)?;
        let mut settings = queue.settings();
        settings.apply(attributes)?;
        if !queue.in_template {
            self.keep(name, &settings)?;
        }
        queue.set(settings);
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
            let message = format!("The template declares the queue {name}: delete it there.");
            return Err(SqsError::refused("UnsupportedOperation", message));
        }
        self.store.write(|transaction| {
            transaction.execute("DELETE FROM queues WHERE name = ?1", [name])?;
            transaction.execute("DELETE FROM messages WHERE queue = ?1", [name])
        })?;
        self.queues_mut().remove(name);
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

    /// The depth of every queue, sorted by name.
    pub fn depths(&self) -> Result<Vec<Depth>, SqsError> {
        let now = now_ms();
        let mut counts: BTreeMap<String, (u64, u64, u64)> = self.store.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT queue, SUM(visible_ms <= ?1), SUM(visible_ms > ?1 AND receives > 0),
                         SUM(visible_ms > ?1 AND receives = 0)
                     FROM messages GROUP BY queue",
                )?
                .query_map([now], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?, row.get(3)?))))?
                .collect()
        })?;
        let queues = self.all();
        let dead_letter_queues: Vec<_> = queues
            .iter()
            .filter_map(|queue| queue.settings().redrive.map(|redrive| redrive.dead_letter_queue))
            .collect();
        Ok(queues
            .iter()
            .map(|queue| {
                let (visible, in_flight, delayed) = counts.remove(&queue.name).unwrap_or_default();
                let is_dead_letter_queue = dead_letter_queues.contains(&queue.name);
                Depth {
                    name: queue.name.clone(),
                    visible,
                    in_flight,
                    delayed,
                    is_dead_letter_queue,
                }
            })
            .collect())
    }

    /// All attributes of a queue, under their names in the SQS API.
    pub fn attributes(&self, name: &str) -> Result<Map<String, Value>, SqsError> {
        let settings = self.queue(name)?.settings();
        let depth = self
            .depths()?
            .into_iter()
            .find(|depth| depth.name == name)
            .ok_or_else(|| SqsError::no_queue(name))?;
        let mut attributes = Map::new();
        let mut add = |name: &str, value: String| attributes.insert(name.to_owned(), Value::String(value));
        add("QueueArn", arn::queue(name));
        add("ApproximateNumberOfMessages", depth.visible.to_string());
        add("ApproximateNumberOfMessagesNotVisible", depth.in_flight.to_string());
        add("ApproximateNumberOfMessagesDelayed", depth.delayed.to_string());
        add("CreatedTimestamp", settings.created.to_string());
        add("LastModifiedTimestamp", settings.created.to_string());
        add("VisibilityTimeout", settings.visibility_timeout.to_string());
        add("MaximumMessageSize", settings.max_size.to_string());
        add("MessageRetentionPeriod", settings.retention.to_string());
        add("DelaySeconds", settings.delay.to_string());
        add("ReceiveMessageWaitTimeSeconds", settings.receive_wait.to_string());
        add("SqsManagedSseEnabled", "true".to_owned());
        if let Some(redrive) = settings.redrive {
            let policy = json!({
                "deadLetterTargetArn": arn::queue(&redrive.dead_letter_queue),
                "maxReceiveCount": redrive.max_receive_count,
            });
            add("RedrivePolicy", policy.to_string());
        }
        Ok(attributes)
    }
}
