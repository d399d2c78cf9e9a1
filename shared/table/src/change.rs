//! The context of a write: when, by whom, for which request, and with which idempotency key.

use crate::{
    item::{ENTITY, Item, from_item, n, s, to_item},
    keys,
};
use domain::{Actor, Error, Replay, Result, Timestamp, defect_of, entity::to_value};
use serde::{Deserialize, Serialize};
use serde_json::Value;

const STORED_SECONDS: i64 = 24 * 60 * 60;

#[derive(Clone, Debug)]
pub struct Change {
    pub now: Timestamp,
    pub actor: Actor,
    pub request_id: String,
    pub idempotency_key: Option<IdempotencyKey>,
}

/// A request that carries an `Idempotency-Key`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IdempotencyKey {
    /// A hash of tenant, caller, operation and key.
    pub id: String,
    /// A hash of path and body.
    pub fingerprint: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answered {
    fingerprint: String,
    status: u16,
    /// As text: DynamoDB's types would change some JSON values.
    body: Option<String>,
    version: Option<u64>,
    /// If the answer contained a secret: the key of its entity. The answer itself is not stored.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    secret_of: Option<String>,
    kept_until: i64,
}

impl IdempotencyKey {
    /// The item that stores an answer. It is written in the same transaction as the change, so neither exists without the other.
    pub fn item<T: Serialize>(&self, status: u16, body: &T, version: Option<u64>, now: Timestamp) -> Result<Item> {
        self.store(Answered {
            status,
            body: Some(to_value(body)?.to_string()),
            version,
            ..self.answered(now)
        })
    }

    /// Like `item`, for an answer that contains the secret of an entity.
    pub fn item_without_secret(&self, of: String, now: Timestamp) -> Result<Item> {
        self.store(Answered {
            secret_of: Some(of),
            ..self.answered(now)
        })
    }

    fn answered(&self, now: Timestamp) -> Answered {
        Answered {
            fingerprint: self.fingerprint.clone(),
            status: 201,
            body: None,
            version: None,
            secret_of: None,
            kept_until: now.epoch_seconds() + STORED_SECONDS,
        }
    }

    fn store(&self, answered: Answered) -> Result<Item> {
        let mut item = to_item(&answered)?;
        item.extend(keys::idempotency(&self.id).attributes());
        item.insert(ENTITY.into(), s("Once"));
        Ok(item)
    }

    /// The stored answer for a request with this key, or an error if the key was used with another request.
    pub fn answered_before(&self, item: Item, now: Timestamp) -> Result<Option<Replay>> {
        let answered: Answered = from_item(item)?;
        if answered.kept_until <= now.epoch_seconds() {
            return Ok(None);
        }
        if answered.fingerprint != self.fingerprint {
            return Err(Error::IdempotencyKeyReused);
        }
        if let Some(key) = answered.secret_of {
            return Err(Error::SecretAlreadyDelivered { key });
        }
        let body: Option<Value> = answered
            .body
            .map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|e| Error::Internal(format!("a stored answer is not JSON: {}", defect_of(&e))))?;
        Ok(Some(Replay {
            status: answered.status,
            body,
            version: answered.version,
        }))
    }
}

/// Items whose `keptUntil` is at most this are expired, even if TTL has not removed them yet: it may be two days late.
pub(crate) fn expired_before(now: Timestamp) -> aws_sdk_dynamodb::types::AttributeValue {
    n(now.epoch_seconds())
}
