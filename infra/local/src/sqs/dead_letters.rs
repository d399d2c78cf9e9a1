//! Redrive: sending dead letters back to the queues that gave them up.

use rusqlite::params;
use uuid::Uuid;

use super::error::SqsError;
use super::service::Sqs;
use crate::store::now_ms;

impl Sqs {
    /// Sends dead letters back to where they came from: all of a dead-letter queue, or those that a source queue gave up.
    /// Returns their number.
    pub fn redrive(&self, queue: &str) -> Result<u64, SqsError> {
        let queue = self.queue(queue)?;
        let settings = queue.settings();
        match &settings.redrive {
            Some(redrive) => self.move_dead(&redrive.dead_letter_queue, Some(&queue.name), None),
            None => self.move_dead(&queue.name, None, None),
        }
    }

    /// Does all of what `StartMessageMoveTask` starts. Returns the number of messages moved.
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

    /// Moves the receivable messages of `dead_letter_queue`, or those that came from `only_from`, to `destination` or back
    /// to where each came from. As in SQS, a message that is sent back is a new one: new id, new age, no receives.
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
}
