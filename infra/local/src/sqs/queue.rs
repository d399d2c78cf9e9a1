//! One queue: its settings, the messages it accepts, and the signal that wakes its receivers.

use std::sync::{Arc, PoisonError, RwLock};

use rusqlite::{Transaction, params};
use tokio::sync::Notify;
use uuid::Uuid;

use super::attributes;
use super::error::SqsError;
use super::message::Outgoing;
use super::settings::Settings;
use crate::store::now_ms;

pub struct Queue {
    pub name: String,
    /// Declared by the template rather than created by `CreateQueue`.
    pub in_template: bool,
    settings: RwLock<Settings>,
    /// Notified when a message may have become receivable earlier than expected.
    pub changed: Notify,
}

impl Queue {
    pub fn new(name: String, settings: Settings, in_template: bool) -> Arc<Queue> {
        Arc::new(Queue {
            name,
            in_template,
            settings: RwLock::new(settings),
            changed: Notify::new(),
        })
    }

    pub fn settings(&self) -> Settings {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn set(&self, settings: Settings) {
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = settings;
        self.changed.notify_waiters();
    }

    /// Checks that SQS would accept the message.
    pub fn check(&self, message: &Outgoing) -> Result<(), SqsError> {
        attributes::check(&message.attributes)?;
        if message.body.is_empty() {
            return Err(SqsError::invalid("The message must contain at least one character."));
        }
        if let Some(character) = message.body.chars().find(|character| !is_allowed(*character)) {
            return Err(SqsError::refused(
                "InvalidMessageContents",
                format!("The message contains the character {character:?}, which SQS does not allow."),
            ));
        }
        let max_size = self.settings().max_size;
        if message.size() > max_size as usize {
            return Err(SqsError::invalid(format!(
                "One or more parameters are invalid. Reason: Message must be shorter than {max_size} bytes."
            )));
        }
        Ok(())
    }

    /// Inserts the message and returns its id.
    pub fn insert(&self, transaction: &Transaction, message: &Outgoing) -> rusqlite::Result<String> {
        let id = Uuid::new_v4().to_string();
        let now = now_ms();
        let visible = now + 1000 * i64::from(message.delay.unwrap_or(self.settings().delay));
        let attributes = serde_json::to_string(&message.attributes)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        transaction
            .prepare_cached(
                "INSERT INTO messages (queue, id, body, attributes, sent_ms, visible_ms, trace)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                self.name,
                id,
                message.body,
                attributes,
                now,
                visible,
                message.trace
            ])?;
        Ok(id)
    }
}

/// SQS allows the characters of XML 1.0, its first wire format.
fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}
