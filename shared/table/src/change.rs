//! A change about to be made: when, by whom, by which request, and whether it may be made only once.

use crate::{
    item::{ENTITY, Item, from_item, n, s, to_item},
    keys,
};
use domain::{Actor, Error, Replay, Result, Timestamp, entity::to_value};
use serde::{Deserialize, Serialize};
use serde_json::Value;

const KEPT_SECONDS: i64 = 24 * 60 * 60;

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
    /// Stands for tenant, caller, operation and key.
    pub id: String,
    /// Stands for the path and body.
    pub fingerprint: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answered {
    fingerprint: String,
    status: u16,
    /// As text: an answer may hold what DynamoDB's own types would change.
    body: Option<String>,
    version: Option<u64>,
    /// Of a request whose answer carried a secret: what it was the secret of. The answer itself is not kept.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    secret_of: Option<String>,
    kept_until: i64,
}

impl IdempotencyKey {
    /// The item that keeps the answer. Written in the transaction that the answer speaks of, so that neither is there without the other.
    pub fn item<T: Serialize>(&self, status: u16, body: &T, version: Option<u64>, now: Timestamp) -> Result<Item> {
        self.keep(Answered {
            status,
            body: Some(to_value(body)?.to_string()),
            version,
            ..self.answered(now)
        })
    }

    /// As `item`, of an answer that carried the secret of something.
    pub fn item_without_secret(&self, of: String, now: Timestamp) -> Result<Item> {
        self.keep(Answered {
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
            kept_until: now.epoch_seconds() + KEPT_SECONDS,
        }
    }

    fn keep(&self, answered: Answered) -> Result<Item> {
        let mut item = to_item(&answered)?;
        item.extend(keys::idempotency(&self.id).attributes());
        item.insert(ENTITY.into(), s("Once"));
        Ok(item)
    }

    /// What an item that is already there means for a request with this key: the same answer again, or a key used twice.
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
            .map_err(|e| Error::Internal(format!("a kept answer is not JSON: {e}")))?;
        Ok(Some(Replay {
            status: answered.status,
            body,
            version: answered.version,
        }))
    }
}

/// Whether an item that TTL will remove is past its time already: TTL may be two days late.
pub(crate) fn expired_before(now: Timestamp) -> aws_sdk_dynamodb::types::AttributeValue {
    n(now.epoch_seconds())
}
