//! The event bus: accepts events, finds the rules that match, and sends each event to the queues of their targets.
//!
//! An event, its place in the history and its messages are one transaction: every event that `PutEvents` acknowledged is
//! delivered.

use std::sync::{Arc, PoisonError, RwLock};

use anyhow::Context;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::watch;
use uuid::Uuid;

use super::rules::{self, Rule};
use crate::arn::{self, DEFAULT_BUS};
use crate::plan::{self, ACCOUNT, REGION};
use crate::sqs::{self, Attribute, Attributes, Outgoing, Sqs};
use crate::store::{Store, now_ms};

/// How many events the history keeps.
const KEPT_EVENTS: i64 = 10_000;

#[derive(Clone)]
pub struct EventBus {
    pub(super) store: Store,
    sqs: Sqs,
    /// Names.
    pub(super) buses: Arc<Vec<String>>,
    pub(super) rules: Arc<RwLock<Vec<Rule>>>,
    /// The number of the newest event.
    newest: Arc<watch::Sender<i64>>,
}

/// One entry of `PutEvents`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Entry {
    /// In seconds since the epoch. `None`: now.
    pub time: Option<f64>,
    pub source: Option<String>,
    pub resources: Vec<String>,
    pub detail_type: Option<String>,
    /// JSON as text.
    pub detail: Option<String>,
    /// A name or an ARN. `None`: the default bus.
    pub event_bus_name: Option<String>,
}

/// The result of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum EntryResult {
    #[serde(rename_all = "PascalCase")]
    Put { event_id: String },
    #[serde(rename_all = "PascalCase")]
    Failed { error_code: String, error_message: String },
}

/// An event of the history.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Past {
    /// Grows with every event; a client asks for the events after a number.
    pub number: i64,
    pub bus: String,
    /// The names of the rules that matched.
    pub rules: Vec<String>,
    pub event: Value,
}

/// An event that is about to be stored.
struct Accepted {
    bus: String,
    rules: Vec<String>,
    event: Value,
    /// Names of queues, and the messages to send there.
    messages: Vec<(String, Outgoing)>,
}

impl EventBus {
    pub fn open(store: Store, sqs: Sqs, buses: &[plan::Bus], rules: &[plan::Rule]) -> anyhow::Result<EventBus> {
        let mut names = vec![DEFAULT_BUS.to_owned()];
        names.extend(
            buses
                .iter()
                .map(|bus| bus.name.clone())
                .filter(|name| name != DEFAULT_BUS),
        );
        let rules = rules::load(&store, rules)?;
        let newest = store.read(|connection| {
            connection.query_row("SELECT COALESCE(MAX(number), 0) FROM events", [], |row| row.get(0))
        })?;
        Ok(EventBus {
            store,
            sqs,
            buses: Arc::new(names),
            rules: Arc::new(RwLock::new(rules)),
            newest: Arc::new(watch::Sender::new(newest)),
        })
    }

    /// Puts events. An invalid entry does not affect the others; an error of the store fails all of them.
    pub fn put(&self, entries: Vec<Entry>) -> Vec<EntryResult> {
        let accepted: Vec<_> = entries.into_iter().map(|entry| self.accept(entry)).collect();
        let stored = self.store_all(accepted.iter().flatten());
        if let Err(error) = &stored {
            crate::wire::log(error);
        }
        accepted
            .into_iter()
            .map(|accepted| match (accepted, &stored) {
                (Err(failed), _) => failed,
                (Ok(_), Err(error)) => EntryResult::failed("InternalFailure", format!("{error:#}")),
                (Ok(accepted), Ok(())) => EntryResult::Put {
                    event_id: accepted.event["id"].as_str().unwrap_or_default().to_owned(),
                },
            })
            .collect()
    }

    /// Turns an entry into an event, and finds the queues to send it to.
    fn accept(&self, entry: Entry) -> Result<Accepted, EntryResult> {
        let required = |value: Option<String>, name: &str| {
            value.filter(|value| !value.is_empty()).ok_or_else(|| {
                let message = format!("Parameter {name} is not valid. Reason: {name} is a required argument.");
                EntryResult::failed("InvalidArgument", message)
            })
        };
        let source = required(entry.source, "Source")?;
        let detail_type = required(entry.detail_type, "DetailType")?;
        let detail = required(entry.detail, "Detail")?;
        if source.starts_with("aws.") {
            return Err(EntryResult::failed(
                "NotAuthorizedForSourceException",
                "Not authorized for the source.",
            ));
        }
        let detail = serde_json::from_str(&detail)
            .ok()
            .filter(Value::is_object)
            .ok_or_else(|| EntryResult::failed("MalformedDetail", "Detail is malformed."))?;
        // AWS reports success and drops the event. An error helps a developer who mistyped the name.
        let bus = self.bus(entry.event_bus_name.as_deref()).ok_or_else(|| {
            let name = entry.event_bus_name.as_deref().unwrap_or_default();
            EntryResult::failed("ResourceNotFoundException", format!("Event bus {name} does not exist."))
        })?;
        let event = json!({
            "version": "0",
            "id": Uuid::new_v4().to_string(),
            "detail-type": detail_type,
            "source": source,
            "account": ACCOUNT,
            "time": time(entry.time),
            "region": REGION,
            "resources": entry.resources,
            "detail": detail,
        });
        let rules = self.rules.read().unwrap_or_else(PoisonError::into_inner);
        let matching = rules
            .iter()
            .filter(|rule| rule.declared.bus == bus && rule.declared.enabled && rule.pattern.matches(&event));
        let mut names = Vec::new();
        let mut messages = Vec::new();
        for rule in matching {
            names.push(rule.declared.name.clone());
            messages.extend(
                rule.declared
                    .targets
                    .iter()
                    .filter_map(|target| self.message(rule, target, &event)),
            );
        }
        Ok(Accepted {
            bus: bus.to_owned(),
            rules: names,
            event,
            messages,
        })
    }

    /// The message for a target, and the queue to send it to: the target's dead-letter queue if the target's own queue does
    /// not exist or does not accept the message.
    fn message(&self, rule: &Rule, target: &plan::Target, event: &Value) -> Option<(String, Outgoing)> {
        let input = match &target.input_path {
            Some(path) => at_path(event, path).unwrap_or(&Value::Null),
            None => event,
        };
        let message = Outgoing::new(input.to_string());
        let queue = arn::queue_name(&target.queue_arn);
        let Err(error) = self.sqs.check(queue, &message) else {
            return Some((queue.to_owned(), message));
        };
        let attributes = Attributes::from([
            (
                "RULE_ARN".to_owned(),
                Attribute::string(arn::rule(&rule.declared.bus, &rule.declared.name)),
            ),
            ("TARGET_ARN".to_owned(), Attribute::string(&target.queue_arn)),
            (
                "ERROR_CODE".to_owned(),
                Attribute::string(match error {
                    sqs::SqsError::Refused {
                        shape: "QueueDoesNotExist",
                        ..
                    } => "NO_RESOURCE",
                    _ => "INVALID_PARAMETER",
                }),
            ),
            ("ERROR_MESSAGE".to_owned(), Attribute::string(error.to_string())),
        ]);
        let dead = Outgoing {
            attributes,
            ..Outgoing::new(event.to_string())
        };
        let dead_letter_queue = target.dead_letter_queue_arn.as_deref().map(arn::queue_name);
        match dead_letter_queue.filter(|queue| self.sqs.check(queue, &dead).is_ok()) {
            Some(queue) => Some((queue.to_owned(), dead)),
            None => {
                let Rule { declared, .. } = rule;
                let lost = anyhow::anyhow!(error).context(format!(
                    "rule {}: an event for target {} is lost",
                    declared.name, target.id
                ));
                crate::wire::log(&lost);
                None
            }
        }
    }

    fn store_all<'a>(&self, accepted: impl Iterator<Item = &'a Accepted> + Clone) -> anyhow::Result<()> {
        let newest = self.store.write(|transaction| {
            let mut insert =
                transaction.prepare_cached("INSERT INTO events (bus, rules, event) VALUES (?1, ?2, ?3)")?;
            for Accepted {
                bus,
                rules,
                event,
                messages,
            } in accepted.clone()
            {
                insert.execute((bus, json!(rules).to_string(), event.to_string()))?;
                for (queue, message) in messages {
                    self.sqs.send_in(transaction, queue, message)?;
                }
            }
            let newest = transaction.query_row("SELECT COALESCE(MAX(number), 0) FROM events", [], |row| row.get(0))?;
            transaction
                .prepare_cached("DELETE FROM events WHERE number <= ?1")?
                .execute([newest - KEPT_EVENTS])?;
            Ok(newest)
        })?;
        self.newest.send_replace(newest);
        for (queue, _) in accepted.flat_map(|accepted| &accepted.messages) {
            self.sqs.wake(queue);
        }
        Ok(())
    }

    /// Up to `limit` events, the oldest first: those after number `after`, or the newest if it is `None`.
    pub fn history(&self, after: Option<i64>, limit: u32) -> anyhow::Result<Vec<Past>> {
        let rows: Vec<(i64, String, String, String)> = self.store.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT number, bus, rules, event FROM events
                     WHERE number > COALESCE(?1, (SELECT MAX(number) FROM events) - ?2) ORDER BY number LIMIT ?2",
                )?
                .query_map((after, limit), |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                })?
                .collect()
        })?;
        rows.into_iter()
            .map(|(number, bus, rules, event)| {
                let unreadable = || format!("event {number} of the history is unreadable");
                Ok(Past {
                    number,
                    bus,
                    rules: serde_json::from_str(&rules).with_context(unreadable)?,
                    event: serde_json::from_str(&event).with_context(unreadable)?,
                })
            })
            .collect()
    }

    /// Resolves as soon as there are events after number `after`.
    pub async fn newer_than(&self, after: i64) {
        let mut newest = self.newest.subscribe();
        // Fails only if the sender is dropped, and `self` holds it.
        let _ = newest.wait_for(|newest| *newest > after).await;
    }

    /// The name of the bus with this name or ARN.
    pub(super) fn bus(&self, name_or_arn: Option<&str>) -> Option<&str> {
        let name = name_or_arn.map_or(DEFAULT_BUS, arn::bus_name);
        self.buses.iter().map(String::as_str).find(|bus| *bus == name)
    }
}

impl EntryResult {
    fn failed(code: &str, message: impl Into<String>) -> EntryResult {
        EntryResult::Failed {
            error_code: code.to_owned(),
            error_message: message.into(),
        }
    }
}

fn time(given: Option<f64>) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the fraction of a second is dropped on purpose"
    )]
    let seconds = given.map_or_else(|| now_ms() / 1000, |seconds| seconds as i64);
    DateTime::<Utc>::from_timestamp(seconds, 0)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The value at an `InputPath` such as `$.detail.items[0]`.
fn at_path<'a>(event: &'a Value, path: &str) -> Option<&'a Value> {
    event.pointer(&path.strip_prefix('$')?.replace(['.', '['], "/").replace(']', ""))
}
