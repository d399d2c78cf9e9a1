//! SQS standard queues: what is kept, what is receivable when, and who has to be woken.
//!
//! Everything is in the store, so nothing acknowledged is lost with this process. What a *mapping* had received when the
//! last process died was never failed by a function: it is receivable again at once and that receive does not count.

mod attributes;
mod queues;
pub mod wire;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as HANDLE_BASE64;
use rusqlite::{Row, Transaction, params};
use serde_json::Value;
use tokio::sync::Notify;
use uuid::Uuid;

pub use attributes::{Attribute, Attributes};
pub use queues::Settings;

use crate::arn;
use crate::plan;
use crate::store::{Store, now_ms};

#[derive(Clone)]
pub struct Sqs {
    store: Store,
    queues: Arc<RwLock<BTreeMap<String, Arc<Queue>>>>,
}

struct Queue {
    name: String,
    /// Made by the template rather than by `CreateQueue`.
    in_template: bool,
    settings: RwLock<Settings>,
    /// Told when a message may have become receivable sooner than it looked.
    changed: Notify,
}

#[derive(Debug, thiserror::Error)]
pub enum SqsError {
    /// `shape` is the error's name in the SQS API.
    #[error("{message}")]
    Refused { shape: &'static str, message: String },
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
}

impl SqsError {
    fn refused(shape: &'static str, message: impl Into<String>) -> SqsError {
        SqsError::Refused {
            shape,
            message: message.into(),
        }
    }

    fn invalid(message: impl Into<String>) -> SqsError {
        SqsError::refused("InvalidParameterValueException", message)
    }

    fn no_queue(name: &str) -> SqsError {
        SqsError::refused(
            "QueueDoesNotExist",
            format!("The specified queue does not exist: {name}."),
        )
    }
}

/// A message to send.
#[derive(Clone, Debug, Default)]
pub struct Outgoing {
    pub body: String,
    pub attributes: Attributes,
    /// Seconds; `None` for the queue's own.
    pub delay: Option<u32>,
}

/// A message as received.
#[derive(Clone, Debug)]
pub struct Message {
    pub id: String,
    pub receipt_handle: String,
    pub body: String,
    /// Of the body.
    pub md5: String,
    pub receive_count: u32,
    pub first_received_ms: i64,
    pub sent_ms: i64,
    pub sender: String,
    pub attributes: Attributes,
    /// The ARN of the queue that gave it up, for a message in a dead-letter queue.
    pub dead_letter_source_arn: Option<String>,
}

impl Message {
    /// The attributes in the form of a Lambda event's `messageAttributes`.
    pub fn message_attributes(&self) -> Value {
        attributes::in_lambda_event(&self.attributes)
    }
}

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
    pub fn open(store: Store, queues: &[plan::Queue]) -> anyhow::Result<Sqs> {
        let mut known: BTreeMap<_, _> = queues::made_by_clients(&store)?
            .into_iter()
            .map(|(name, settings)| (name.clone(), Queue::new(name, settings, false)))
            .collect();
        known.extend(queues.iter().map(|queue| {
            let settings = Settings::from(queue);
            (queue.name.clone(), Queue::new(queue.name.clone(), settings, true))
        }));
        store.write(|transaction| {
            transaction.execute(
                "UPDATE messages SET held_by_mapping = 0, visible_ms = ?1,
                     receives = receives - 1, receives_in_all = receives_in_all - 1
                 WHERE held_by_mapping",
                [now_ms()],
            )
        })?;
        Ok(Sqs {
            store,
            queues: Arc::new(RwLock::new(known)),
        })
    }

    /// Sends one message, which is durable when this returns its id.
    pub fn send(&self, queue: &str, message: &Outgoing) -> Result<String, SqsError> {
        Ok(self.send_all(queue, std::slice::from_ref(message))?.remove(0))
    }

    /// Sends all of `messages` or none.
    pub fn send_all(&self, queue: &str, messages: &[Outgoing]) -> Result<Vec<String>, SqsError> {
        let queue = self.queue(queue)?;
        for message in messages {
            queue.check(message)?;
        }
        let ids = self.store.write(|transaction| {
            messages
                .iter()
                .map(|message| queue.insert(transaction, message))
                .collect()
        })?;
        queue.changed.notify_waiters();
        Ok(ids)
    }

    /// Sends within a transaction of the caller, who wakes the queue's receivers with [`Sqs::wake`] after the commit.
    /// Whether the queue exists and takes the message is for [`Sqs::takes`] to say, before the transaction.
    pub fn send_in(&self, transaction: &Transaction, queue: &str, message: &Outgoing) -> rusqlite::Result<()> {
        match self.queue(queue) {
            Ok(queue) => queue.insert(transaction, message).map(drop),
            // Deleted since it was asked for: as if it had been deleted with the message in it.
            Err(_) => Ok(()),
        }
    }

    pub fn takes(&self, queue: &str, message: &Outgoing) -> Result<(), SqsError> {
        self.queue(queue)?.check(message)
    }

    pub fn wake(&self, queue: &str) {
        if let Ok(queue) = self.queue(queue) {
            queue.changed.notify_waiters();
        }
    }

    /// Receives for an event source mapping, for as long as the queue's visibility timeout.
    pub fn receive_for_mapping(&self, queue: &str, max: u32) -> Result<Vec<Message>, SqsError> {
        self.take(&*self.queue(queue)?, max, None, true)
    }

    /// Receives for a client. `visibility` is in seconds; `None` for the queue's own.
    pub fn receive(&self, queue: &str, max: u32, visibility: Option<u32>) -> Result<Vec<Message>, SqsError> {
        self.take(&*self.queue(queue)?, max, visibility, false)
    }

    fn take(
        &self,
        queue: &Queue,
        max: u32,
        visibility: Option<u32>,
        by_mapping: bool,
    ) -> Result<Vec<Message>, SqsError> {
        let settings = queue.settings();
        let now = now_ms();
        let hidden_until = now + 1000 * i64::from(visibility.unwrap_or(settings.visibility_timeout));
        let dead_letters = settings
            .redrive
            .as_ref()
            .filter(|redrive| self.queue(&redrive.dead_letter_queue).is_ok());
        let (mut taken, gave_up) = self.store.write(|transaction| {
            let mut gave_up = 0;
            // What is next in turn may be too old or given up, and what comes after it too.
            loop {
                let expired = transaction
                    .prepare_cached(
                        "DELETE FROM messages WHERE sent_ms < ?4 AND number IN
                             (SELECT number FROM messages WHERE queue = ?1 AND visible_ms <= ?2
                              ORDER BY visible_ms, number LIMIT ?3)",
                    )?
                    .execute(params![queue.name, now, max, now - 1000 * i64::from(settings.retention)])?;
                let dead = match dead_letters {
                    Some(redrive) => transaction
                        .prepare_cached(
                            "UPDATE messages SET queue = ?5, dead_from = ?1, visible_ms = ?2, receives = 0, held_by_mapping = 0
                             WHERE receives >= ?4 AND number IN
                                 (SELECT number FROM messages WHERE queue = ?1 AND visible_ms <= ?2
                                  ORDER BY visible_ms, number LIMIT ?3)",
                        )?
                        .execute(params![queue.name, now, max, redrive.max_receive_count, redrive.dead_letter_queue])?,
                    None => 0,
                };
                gave_up += dead;
                if expired + dead == 0 {
                    break;
                }
            }
            let taken = transaction
                .prepare_cached(
                    "UPDATE messages SET receipt = receipt + 1, receives = receives + 1,
                         receives_in_all = receives_in_all + 1, visible_ms = ?4, held_by_mapping = ?5,
                         first_received_ms = COALESCE(first_received_ms, ?2)
                     WHERE number IN
                         (SELECT number FROM messages WHERE queue = ?1 AND visible_ms <= ?2
                          ORDER BY visible_ms, number LIMIT ?3)
                     RETURNING number, receipt, id, body, attributes, receives_in_all, first_received_ms, sent_ms, dead_from",
                )?
                .query_map(params![queue.name, now, max, hidden_until, by_mapping], received)?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            Ok((taken, gave_up))
        })?;
        if let (Some(redrive), 1..) = (dead_letters, gave_up) {
            self.wake(&redrive.dead_letter_queue);
        }
        taken.sort_by_key(|(number, _)| *number);
        Ok(taken.into_iter().map(|(_, message)| message).collect())
    }

    /// Deletes messages. As in SQS, a handle that a later receive has replaced does nothing.
    pub fn delete(&self, queue: &str, receipt_handles: &[String]) -> Result<(), SqsError> {
        let queue = self.queue(queue)?;
        let receipts = receipt_handles
            .iter()
            .map(|handle| Receipt::parse(handle))
            .collect::<Result<Vec<_>, _>>()?;
        self.store.write(|transaction| {
            let mut delete = transaction
                .prepare_cached("DELETE FROM messages WHERE number = ?1 AND receipt = ?2 AND id = ?3 AND queue = ?4")?;
            for receipt in &receipts {
                delete.execute(params![receipt.number, receipt.receipt, receipt.id, queue.name])?;
            }
            Ok(())
        })?;
        Ok(())
    }

    /// Makes received messages receivable again in `after_secs` seconds. Those that are not in flight are left alone;
    /// the answer says of each whether it was.
    pub fn make_visible(
        &self,
        queue: &str,
        receipt_handles: &[String],
        after_secs: u32,
    ) -> Result<Vec<bool>, SqsError> {
        let queue = self.queue(queue)?;
        let receipts = receipt_handles
            .iter()
            .map(|handle| Receipt::parse(handle))
            .collect::<Result<Vec<_>, _>>()?;
        let now = now_ms();
        let changed = self.store.write(|transaction| {
            let mut update = transaction.prepare_cached(
                "UPDATE messages SET visible_ms = ?5, held_by_mapping = 0
                 WHERE number = ?1 AND receipt = ?2 AND id = ?3 AND queue = ?4 AND visible_ms > ?6",
            )?;
            let visible = now + 1000 * i64::from(after_secs);
            receipts
                .iter()
                .map(|receipt| {
                    let Receipt { number, receipt, id } = receipt;
                    Ok(update.execute(params![number, receipt, id, queue.name, visible, now])? == 1)
                })
                .collect()
        })?;
        queue.changed.notify_waiters();
        Ok(changed)
    }

    /// What a mapping received has failed: it stays hidden for the rest of its visibility timeout, as it would anyhow. Saying so
    /// makes it count: what is still held when the local cloud is killed comes back at once, as if never received.
    pub fn failed_for_mapping(&self, queue: &str, receipt_handles: &[String]) -> Result<(), SqsError> {
        let queue = self.queue(queue)?;
        let receipts = receipt_handles
            .iter()
            .map(|handle| Receipt::parse(handle))
            .collect::<Result<Vec<_>, _>>()?;
        self.store.write(|transaction| {
            let mut update = transaction.prepare_cached(
                "UPDATE messages SET held_by_mapping = 0 WHERE number = ?1 AND receipt = ?2 AND id = ?3 AND queue = ?4",
            )?;
            for Receipt { number, receipt, id } in &receipts {
                update.execute(params![number, receipt, id, queue.name])?;
            }
            Ok(())
        })?;
        queue.changed.notify_waiters();
        Ok(())
    }

    /// The depth of every queue, by name.
    pub fn depths(&self) -> Result<Vec<Depth>, SqsError> {
        let now = now_ms();
        let mut counted: BTreeMap<String, (u64, u64, u64)> = self.store.read(|connection| {
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
                let (visible, in_flight, delayed) = counted.remove(&queue.name).unwrap_or_default();
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

    /// Sends dead letters back to where they came from: all of a dead-letter queue, or those that a source queue gave up.
    pub fn redrive(&self, queue: &str) -> Result<u64, SqsError> {
        let queue = self.queue(queue)?;
        let settings = queue.settings();
        let moved = match &settings.redrive {
            Some(redrive) => self.move_dead(&redrive.dead_letter_queue, Some(&queue.name), None)?,
            None => self.move_dead(&queue.name, None, None)?,
        };
        Ok(moved)
    }

    /// Moves what is receivable in `dead_letter_queue` and came from `only_from`, to `destination` or to where each came
    /// from. As in SQS, a message that is sent back is a new one: new id, new age, no receives.
    fn move_dead(
        &self,
        dead_letter_queue: &str,
        only_from: Option<&str>,
        destination: Option<&str>,
    ) -> Result<u64, SqsError> {
        let now = now_ms();
        let queues = self.all();
        let moved = self.store.write(|transaction| {
            let dead: Vec<(i64, Option<String>)> = transaction
                .prepare_cached(
                    "SELECT number, dead_from FROM messages
                     WHERE queue = ?1 AND visible_ms <= ?2 AND (?3 IS NULL OR dead_from = ?3) ORDER BY number",
                )?
                .query_map(params![dead_letter_queue, now, only_from], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?
                .collect::<rusqlite::Result<_>>()?;
            let mut send_back = transaction.prepare_cached(
                "UPDATE messages SET queue = ?2, id = ?3, sent_ms = ?4, visible_ms = ?4, receipt = receipt + 1,
                     receives = 0, receives_in_all = 0, first_received_ms = NULL, dead_from = NULL
                 WHERE number = ?1",
            )?;
            let mut moved = 0;
            for (number, dead_from) in dead {
                let home = destination.or(dead_from.as_deref());
                if let Some(home) = home.filter(|home| queues.iter().any(|queue| queue.name == *home)) {
                    moved += send_back.execute(params![number, home, Uuid::new_v4().to_string(), now])? as u64;
                }
            }
            Ok(moved)
        })?;
        for queue in queues {
            queue.changed.notify_waiters();
        }
        Ok(moved)
    }

    /// Resolves when something may be receivable: at once when it is, else on a send or at the next deadline.
    /// For ever pending when the queue is deleted.
    pub async fn changed(&self, queue: &str) {
        let Ok(queue) = self.queue(queue) else {
            return std::future::pending().await;
        };
        let notified = queue.changed.notified();
        tokio::pin!(notified);
        // Before looking, so that a send between the look and the wait is not missed.
        notified.as_mut().enable();
        let next: anyhow::Result<Option<i64>> = self.store.read(|connection| {
            connection
                .prepare_cached("SELECT MIN(visible_ms) FROM messages WHERE queue = ?1")?
                .query_row([&queue.name], |row| row.get(0))
        });
        let wait = match next {
            Ok(Some(at)) => Duration::from_millis(u64::try_from(at - now_ms()).unwrap_or(0)),
            Ok(None) => return notified.await,
            // The caller's receive will tell the error; this keeps its loop from spinning.
            Err(_) => Duration::from_secs(1),
        };
        tokio::select! {
            () = notified => {}
            () = tokio::time::sleep(wait) => {}
        }
    }

    /// Deletes what is past its queue's retention; a queue that nobody receives from would grow for ever.
    pub fn delete_expired(&self) -> Result<(), SqsError> {
        let now = now_ms();
        self.store.write(|transaction| {
            for queue in self.all() {
                let oldest = now - 1000 * i64::from(queue.settings().retention);
                transaction.execute(
                    "DELETE FROM messages WHERE queue = ?1 AND sent_ms < ?2",
                    params![queue.name, oldest],
                )?;
            }
            Ok(())
        })?;
        Ok(())
    }

    fn queue(&self, name: &str) -> Result<Arc<Queue>, SqsError> {
        let queues = self.queues.read().unwrap_or_else(PoisonError::into_inner);
        queues.get(name).cloned().ok_or_else(|| SqsError::no_queue(name))
    }

    fn all(&self) -> Vec<Arc<Queue>> {
        self.queues
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect()
    }
}

impl Queue {
    fn new(name: String, settings: Settings, in_template: bool) -> Arc<Queue> {
        Arc::new(Queue {
            name,
            in_template,
            settings: RwLock::new(settings),
            changed: Notify::new(),
        })
    }

    fn settings(&self) -> Settings {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn check(&self, message: &Outgoing) -> Result<(), SqsError> {
        attributes::check(&message.attributes)?;
        if message.body.is_empty() {
            return Err(SqsError::invalid("The message must contain at least one character."));
        }
        if let Some(character) = message.body.chars().find(|character| !allowed(*character)) {
            return Err(SqsError::refused(
                "InvalidMessageContents",
                format!("The message has the character {character:?}, which SQS does not take."),
            ));
        }
        let most = self.settings().max_size;
        if message.size() > most as usize {
            return Err(SqsError::invalid(format!(
                "One or more parameters are invalid. Reason: Message must be shorter than {most} bytes."
            )));
        }
        Ok(())
    }

    fn insert(&self, transaction: &Transaction, message: &Outgoing) -> rusqlite::Result<String> {
        let id = Uuid::new_v4().to_string();
        let now = now_ms();
        let visible = now + 1000 * i64::from(message.delay.unwrap_or(self.settings().delay));
        let attributes = serde_json::to_string(&message.attributes)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        transaction
            .prepare_cached(
                "INSERT INTO messages (queue, id, body, attributes, sent_ms, visible_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![self.name, id, message.body, attributes, now, visible])?;
        Ok(id)
    }
}

impl Outgoing {
    pub fn new(body: impl Into<String>) -> Outgoing {
        Outgoing {
            body: body.into(),
            ..Outgoing::default()
        }
    }

    fn size(&self) -> usize {
        self.body.len() + attributes::size(&self.attributes)
    }
}

/// The characters of XML 1.0, which is what SQS once spoke.
fn allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

fn received(row: &Row) -> rusqlite::Result<(i64, Message)> {
    let receipt = Receipt {
        number: row.get("number")?,
        receipt: row.get("receipt")?,
        id: row.get("id")?,
    };
    let body: String = row.get("body")?;
    let attributes: String = row.get("attributes")?;
    let dead_from: Option<String> = row.get("dead_from")?;
    let message = Message {
        receipt_handle: receipt.handle(),
        md5: attributes::md5_of_body(&body),
        receive_count: row.get("receives_in_all")?,
        first_received_ms: row.get("first_received_ms")?,
        sent_ms: row.get("sent_ms")?,
        sender: plan::ACCOUNT.to_owned(),
        attributes: serde_json::from_str(&attributes)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(4, rusqlite::types::Type::Text, error.into()))?,
        dead_letter_source_arn: dead_from.map(|queue| arn::queue(&queue)),
        id: receipt.id,
        body,
    };
    Ok((receipt.number, message))
}

/// What a receipt handle says.
struct Receipt {
    number: i64,
    receipt: i64,
    id: String,
}

impl Receipt {
    fn handle(&self) -> String {
        HANDLE_BASE64.encode(format!("{} {} {}", self.number, self.receipt, self.id))
    }

    fn parse(handle: &str) -> Result<Receipt, SqsError> {
        let parse = || {
            let text = String::from_utf8(HANDLE_BASE64.decode(handle).ok()?).ok()?;
            let mut parts = text.splitn(3, ' ');
            let number = parts.next()?.parse().ok()?;
            let receipt = parts.next()?.parse().ok()?;
            Some(Receipt {
                number,
                receipt,
                id: parts.next()?.to_owned(),
            })
        };
        parse().ok_or_else(|| {
            SqsError::refused(
                "ReceiptHandleIsInvalid",
                format!("The input receipt handle \"{handle}\" is not valid."),
            )
        })
    }
}

#[cfg(test)]
mod tests;
