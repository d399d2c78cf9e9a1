//! The event bus: takes events, finds the rules that match, and puts each event into the queues of their targets.
//!
//! An event, its place in the history and its messages are one transaction: what `PutEvents` acknowledged is delivered.

pub mod pattern;
mod rules;
pub mod wire;

use std::sync::{Arc, PoisonError, RwLock};

use anyhow::Context;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::watch;
use uuid::Uuid;

use crate::arn::{self, DEFAULT_BUS};
use crate::plan::{self, ACCOUNT, REGION};
use crate::sqs::{self, Attribute, Attributes, Outgoing, Sqs};
use crate::store::{Store, now_ms};
use rules::Rule;

/// How many events the history keeps.
const KEPT_EVENTS: i64 = 10_000;

#[derive(Clone)]
pub struct EventBus {
    store: Store,
    sqs: Sqs,
    buses: Arc<Vec<String>>,
    rules: Arc<RwLock<Vec<Rule>>>,
    /// The number of the newest event.
    newest: Arc<watch::Sender<i64>>,
}

/// One entry of `PutEvents`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Entry {
    /// Seconds since the epoch; `None` for now.
    pub time: Option<f64>,
    pub source: Option<String>,
    pub resources: Vec<String>,
    pub detail_type: Option<String>,
    /// JSON in a string.
    pub detail: Option<String>,
    /// A name or an ARN; `None` for the default bus.
    pub event_bus_name: Option<String>,
}

/// What became of an entry.
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
    /// Rises with every event: what to ask for more after.
    pub number: i64,
    pub bus: String,
    /// The names of the rules that matched.
    pub rules: Vec<String>,
    pub event: Value,
}

/// An event on its way to the store.
struct Accepted {
    bus: String,
    rules: Vec<String>,
    event: Value,
    /// Queues and what goes into them.
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

    /// Puts events. What fails for one entry does not touch the others; what fails in the store fails all of them.
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

    /// Makes an entry an event and works out where it goes.
    fn accept(&self, entry: Entry) -> Result<Accepted, EntryResult> {
        let given = |value: Option<String>, name: &str| {
            value.filter(|value| !value.is_empty()).ok_or_else(|| {
                let message = format!("Parameter {name} is not valid. Reason: {name} is a required argument.");
                EntryResult::failed("InvalidArgument", message)
            })
        };
        let source = given(entry.source, "Source")?;
        let detail_type = given(entry.detail_type, "DetailType")?;
        let detail = given(entry.detail, "Detail")?;
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
        // AWS answers that all is well and drops the event. Whoever mistyped a name would rather know.
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
            .filter(|rule| rule.told.bus == bus && rule.told.enabled && rule.pattern.matches(&event));
        let mut names = Vec::new();
        let mut messages = Vec::new();
        for rule in matching {
            names.push(rule.told.name.clone());
            messages.extend(
                rule.told
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

    /// The message for a target and the queue it goes to: the target's dead-letter queue where the target's own queue is
    /// not there or does not take it.
    fn message(&self, rule: &Rule, target: &plan::Target, event: &Value) -> Option<(String, Outgoing)> {
        let chosen = match &target.input_path {
            Some(path) => at_path(event, path).unwrap_or(&Value::Null),
            None => event,
        };
        let message = Outgoing::new(chosen.to_string());
        let queue = arn::queue_name(&target.queue_arn);
        let Err(error) = self.sqs.takes(queue, &message) else {
            return Some((queue.to_owned(), message));
        };
        let attributes = Attributes::from([
            (
                "RULE_ARN".to_owned(),
                Attribute::string(arn::rule(&rule.told.bus, &rule.told.name)),
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
        match dead_letter_queue.filter(|queue| self.sqs.takes(queue, &dead).is_ok()) {
            Some(queue) => Some((queue.to_owned(), dead)),
            None => {
                let Rule { told, .. } = rule;
                let lost = anyhow::anyhow!(error).context(format!(
                    "rule {}: an event for target {} is dropped",
                    told.name, target.id
                ));
                crate::wire::log(&lost);
                None
            }
        }
    }

    fn store_all<'a>(&self, accepted: impl Iterator<Item = &'a Accepted> + Clone) -> anyhow::Result<()> {
        let newest = self.store.write(|transaction| {
            let mut remember =
                transaction.prepare_cached("INSERT INTO events (bus, rules, event) VALUES (?1, ?2, ?3)")?;
            for Accepted {
                bus,
                rules,
                event,
                messages,
            } in accepted.clone()
            {
                remember.execute((bus, json!(rules).to_string(), event.to_string()))?;
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

    /// The events after number `after`, oldest first; without it, the newest.
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

    /// Resolves when there are events after number `after`.
    pub async fn newer_than(&self, after: i64) {
        let mut newest = self.newest.subscribe();
        // Fails only when the sender is gone, and that is in `self`.
        let _ = newest.wait_for(|newest| *newest > after).await;
    }

    /// The bus of that name or ARN.
    fn bus(&self, name_or_arn: Option<&str>) -> Option<&str> {
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
        reason = "seconds, of which the fraction is dropped on purpose"
    )]
    let seconds = given.map_or_else(|| now_ms() / 1000, |seconds| seconds as i64);
    DateTime::<Utc>::from_timestamp(seconds, 0)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// What an `InputPath` such as `$.detail.items[0]` names.
fn at_path<'a>(event: &'a Value, path: &str) -> Option<&'a Value> {
    event.pointer(&path.strip_prefix('$')?.replace(['.', '['], "/").replace(']', ""))
}

#[cfg(test)]
mod tests;
