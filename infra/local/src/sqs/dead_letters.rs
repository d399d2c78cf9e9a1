//! Redrive: moving dead letters back to the queues that gave them up, or to another queue.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::params;
use serde_json::{Value, json};
use uuid::Uuid;

use super::error::SqsError;
use super::service::Sqs;
use crate::arn;
use crate::store::now_ms;

/// How many moves of a queue `ListMessageMoveTasks` shows.
const KEPT_MOVES: usize = 10;

/// The finished moves, the newest first, by the name of the queue that they emptied.
pub type Moves = Arc<Mutex<BTreeMap<String, Vec<Move>>>>;

/// A finished move.
#[derive(Clone, Debug)]
pub struct Move {
    pub moved: u64,
    /// Why it stopped before the end, in SQS's words.
    pub failure: Option<&'static str>,
    source: String,
    destination: Option<String>,
    to_move: u64,
    started_ms: i64,
}

/// SQS knows where to send a message only if a queue gave it up: not one that EventBridge or a client sent to the dead-letter queue.
pub const NO_SOURCE: &str = "CouldNotDetermineMessageSource";
const NO_QUEUE: &str = "AWS.SimpleQueueService.NonExistentQueue";

impl Sqs {
    /// Sends dead letters back. `queue` is a dead-letter queue, or the queue that gave its messages up. In the second case, it is also where
    /// messages go that SQS can't assign, unless other queues use the same dead-letter queue.
    pub fn redrive(&self, queue: &str, destination: Option<&str>) -> Result<Move, SqsError> {
        let settings = self.queue(queue)?.settings();
        let Some(redrive) = settings.redrive else {
            return self.move_messages(queue, destination);
        };
        let dead_letter_queue = redrive.dead_letter_queue;
        let only = self.sources_of(&dead_letter_queue)?.len() > 1;
        let destination = destination.unwrap_or(queue);
        self.queue(destination)?;
        self.move_dead(&dead_letter_queue, only.then_some(queue), Some(destination))
    }

    /// Does all of what `StartMessageMoveTask` starts.
    pub fn move_messages(&self, source: &str, destination: Option<&str>) -> Result<Move, SqsError> {
        if self.sources_of(source)?.is_empty() {
            let message = format!("{source} is not the dead-letter queue of any queue.");
            return Err(SqsError::refused("UnsupportedOperation", message));
        }
        if let Some(destination) = destination {
            self.queue(destination)?;
        }
        self.move_dead(source, None, destination)
    }

    /// The queues that have `name` as their dead-letter queue.
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

    /// The answer to `ListMessageMoveTasks`.
    pub fn moves(&self, source: &str, limit: usize) -> Value {
        let moves = self.moves.lock().unwrap_or_else(PoisonError::into_inner);
        let moves = moves.get(source).map(Vec::as_slice).unwrap_or_default();
        let described: Vec<Value> = moves.iter().take(limit).map(Move::describe).collect();
        json!({ "Results": described })
    }

    /// Moves the receivable messages of `source`, or those that `only_from` gave up, to `destination` or back to where each came from. As in
    /// SQS, a message that is sent back is a new one: new id, new age, no receives. And as in SQS, the move stops at a message that it can't
    /// assign.
    fn move_dead(&self, source: &str, only_from: Option<&str>, destination: Option<&str>) -> Result<Move, SqsError> {
        let now = now_ms();
        let queues = self.all();
        let done = self.store.write(|transaction| {
            let dead: Vec<(i64, Option<String>)> = transaction
                .prepare_cached(
                    "SELECT number, dead_from FROM messages
                     WHERE queue = ?1 AND visible_ms <= ?2 AND (?3 IS NULL OR dead_from = ?3) ORDER BY number",
                )?
                .query_map(params![source, now, only_from], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<_>>()?;
            let mut send_back = transaction.prepare_cached(
                "UPDATE messages SET queue = ?2, id = ?3, sent_ms = ?4, visible_ms = ?4, receipt = receipt + 1,
                     receives = 0, receives_in_all = 0, first_received_ms = NULL, dead_from = NULL
                 WHERE number = ?1",
            )?;
            let mut done = Move {
                moved: 0,
                failure: None,
                source: source.to_owned(),
                destination: destination.map(str::to_owned),
                to_move: dead.len() as u64,
                started_ms: now,
            };
            for (number, dead_from) in dead {
                let Some(home) = destination.or(dead_from.as_deref()) else {
                    done.failure = Some(NO_SOURCE);
                    break;
                };
                if !queues.iter().any(|queue| queue.name == home) {
                    done.failure = Some(NO_QUEUE);
                    break;
                }
                done.moved += send_back.execute(params![number, home, Uuid::new_v4().to_string(), now])? as u64;
            }
            Ok(done)
        })?;
        for queue in queues {
            queue.changed.notify_waiters();
        }
        let mut moves = self.moves.lock().unwrap_or_else(PoisonError::into_inner);
        let moves = moves.entry(source.to_owned()).or_default();
        moves.insert(0, done.clone());
        moves.truncate(KEPT_MOVES);
        Ok(done)
    }
}

impl Move {
    fn describe(&self) -> Value {
        let mut described = json!({
            "Status": if self.failure.is_some() { "FAILED" } else { "COMPLETED" },
            "SourceArn": arn::queue(&self.source),
            "ApproximateNumberOfMessagesMoved": self.moved,
            "ApproximateNumberOfMessagesToMove": self.to_move,
            "StartedTimestamp": self.started_ms,
        });
        if let Some(destination) = &self.destination {
            described["DestinationArn"] = arn::queue(destination).into();
        }
        if let Some(failure) = self.failure {
            described["FailureReason"] = failure.into();
        }
        described
    }
}
