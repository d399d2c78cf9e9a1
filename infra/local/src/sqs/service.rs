//! Sending, receiving and deleting messages.
//!
//! Every message is in the store, so no acknowledged message is lost when this process dies. If a *mapping* held a message
//! when the last process died, no function had failed it: it is receivable again at once, and that receive does not count.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::time::Duration;

use rusqlite::{Transaction, params};

use super::dead_letters::Moves;
use super::error::SqsError;
use super::message::{Message, Outgoing, Receipt, received};
use super::queue::Queue;
use super::settings::Settings;
use crate::plan;
use crate::store::{Store, now_ms};

type Queues = BTreeMap<String, Arc<Queue>>;

#[derive(Clone)]
pub struct Sqs {
    pub(super) store: Store,
    queues: Arc<RwLock<Queues>>,
    pub(super) moves: Moves,
}

impl Sqs {
    pub fn open(store: Store, queues: &[plan::Queue]) -> anyhow::Result<Sqs> {
        let mut known: Queues = Settings::of_client_queues(&store)?
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
            moves: Moves::default(),
        })
    }

    /// Sends one message and returns its id. The message is durable by then.
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

    /// Sends within the caller's transaction. The caller checks the message with [`Sqs::check`] before, and wakes the
    /// queue's receivers with [`Sqs::wake`] after the commit.
    pub fn send_in(&self, transaction: &Transaction, queue: &str, message: &Outgoing) -> rusqlite::Result<()> {
        match self.queue(queue) {
            Ok(queue) => queue.insert(transaction, message).map(drop),
            // Deleted since the check: the message counts as deleted with the queue.
            Err(_) => Ok(()),
        }
    }

    /// Checks that the queue exists and accepts the message.
    pub fn check(&self, queue: &str, message: &Outgoing) -> Result<(), SqsError> {
        self.queue(queue)?.check(message)
    }

    pub fn wake(&self, queue: &str) {
        if let Ok(queue) = self.queue(queue) {
            queue.changed.notify_waiters();
        }
    }

    /// Receives for an event source mapping. The messages stay hidden for the queue's visibility timeout.
    pub fn receive_for_mapping(&self, queue: &str, max: u32) -> Result<Vec<Message>, SqsError> {
        self.receive_as(&*self.queue(queue)?, max, None, true)
    }

    /// Receives for a client. `visibility` is in seconds; `None` means the queue's visibility timeout.
    pub fn receive(&self, queue: &str, max: u32, visibility: Option<u32>) -> Result<Vec<Message>, SqsError> {
        self.receive_as(&*self.queue(queue)?, max, visibility, false)
    }

    fn receive_as(
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
        let (mut messages, given_up) = self.store.write(|transaction| {
            let mut given_up = 0;
            // The next messages may be too old or received too often, and so may those after them.
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
                given_up += dead;
                if expired + dead == 0 {
                    break;
                }
            }
            let messages = transaction
                .prepare_cached(
                    "UPDATE messages SET receipt = receipt + 1, receives = receives + 1,
                         receives_in_all = receives_in_all + 1, visible_ms = ?4, held_by_mapping = ?5,
                         first_received_ms = COALESCE(first_received_ms, ?2)
                     WHERE number IN
                         (SELECT number FROM messages WHERE queue = ?1 AND visible_ms <= ?2
                          ORDER BY visible_ms, number LIMIT ?3)
                     RETURNING number, receipt, id, body, attributes, receives_in_all, first_received_ms, sent_ms, dead_from,
                         trace",
                )?
                .query_map(params![queue.name, now, max, hidden_until, by_mapping], received)?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            Ok((messages, given_up))
        })?;
        if let (Some(redrive), 1..) = (dead_letters, given_up) {
            self.wake(&redrive.dead_letter_queue);
        }
        messages.sort_by_key(|(number, _)| *number);
        Ok(messages.into_iter().map(|(_, message)| message).collect())
    }

    /// Deletes messages. As in SQS, an older handle of a message that was received again does nothing.
    pub fn delete(&self, queue: &str, receipt_handles: &[String]) -> Result<(), SqsError> {
        let queue = self.queue(queue)?;
        let receipts = Receipt::parse_all(receipt_handles)?;
        self.store.write(|transaction| {
            let mut delete = transaction
                .prepare_cached("DELETE FROM messages WHERE number = ?1 AND receipt = ?2 AND id = ?3 AND queue = ?4")?;
            for Receipt { number, receipt, id } in &receipts {
                delete.execute(params![number, receipt, id, queue.name])?;
            }
            Ok(())
        })?;
        Ok(())
    }

    /// Makes received messages receivable again in `after_secs` seconds. Returns for each whether it was in flight; the
    /// others stay as they are.
    pub fn make_visible(
        &self,
        queue: &str,
        receipt_handles: &[String],
        after_secs: u32,
    ) -> Result<Vec<bool>, SqsError> {
        let queue = self.queue(queue)?;
        let receipts = Receipt::parse_all(receipt_handles)?;
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

    /// Records that a mapping's function failed these messages, so that their receive counts even if the local cloud is
    /// killed now. They stay hidden for the rest of their visibility timeout.
    pub fn failed_for_mapping(&self, queue: &str, receipt_handles: &[String]) -> Result<(), SqsError> {
        let queue = self.queue(queue)?;
        let receipts = Receipt::parse_all(receipt_handles)?;
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

    /// Resolves when a message may be receivable: at once if one is, otherwise after a send or when the next message
    /// becomes visible. Never resolves if the queue is deleted.
    pub async fn changed(&self, queue: &str) {
        let Ok(queue) = self.queue(queue) else {
            return std::future::pending().await;
        };
        let notified = queue.changed.notified();
        tokio::pin!(notified);
        // Before the query, so that a send between the query and the wait is not missed.
        notified.as_mut().enable();
        let next: anyhow::Result<Option<i64>> = self.store.read(|connection| {
            connection
                .prepare_cached("SELECT MIN(visible_ms) FROM messages WHERE queue = ?1")?
                .query_row([&queue.name], |row| row.get(0))
        });
        let wait = match next {
            Ok(Some(at)) => Duration::from_millis(u64::try_from(at - now_ms()).unwrap_or(0)),
            Ok(None) => return notified.await,
            // The caller's receive reports the error; this keeps the caller's loop from spinning.
            Err(_) => Duration::from_secs(1),
        };
        tokio::select! {
            () = notified => {}
            () = tokio::time::sleep(wait) => {}
        }
    }

    /// Deletes messages that are past their queue's retention. Otherwise a queue without receivers would grow for ever.
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

    pub(super) fn queue(&self, name: &str) -> Result<Arc<Queue>, SqsError> {
        let queues = self.queues.read().unwrap_or_else(PoisonError::into_inner);
        queues.get(name).cloned().ok_or_else(|| SqsError::no_queue(name))
    }

    /// All queues, sorted by name.
    pub(super) fn all(&self) -> Vec<Arc<Queue>> {
        self.queues
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect()
    }

    pub(super) fn queues_mut(&self) -> RwLockWriteGuard<'_, Queues> {
        self.queues.write().unwrap_or_else(PoisonError::into_inner)
    }
}
