//! Entities as items: their fields, and the attributes that only the table needs.

use crate::{
    Change,
    entities::Registered,
    item::{ACTOR, BEFORE, ENTITY, Item, OF, REQUEST_ID, TOMBSTONE, n, s, to_item},
    keys::{self, ItemKey},
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Kind, Result, customer::Customer};
use serde::Serialize;
use serde_json::Map;

/// How long a tombstone stays: longer than a queue keeps a message that could create the entity again.
const TOMBSTONE_SECONDS: i64 = 30 * 24 * 60 * 60;

/// How long that of a customer stays: the events of everything below it name its tenant. The last of them are those of its API keys. They
/// are marked as expired up to 14 days late, if the event waited in a dead-letter queue, and TTL deletes them 30 days after that.
const TOMBSTONE_OF_CUSTOMER_SECONDS: i64 = 50 * 24 * 60 * 60;

/// An item, with its key and the change that writes it.
pub fn item<T: Serialize>(key: &ItemKey, kind: &str, thing: &T, change: &Change) -> Result<Item> {
    let mut item = to_item(thing)?;
    item.extend(key.attributes());
    item.insert(ENTITY.into(), s(kind));
    item.insert(REQUEST_ID.into(), s(&change.request_id));
    item.insert(ACTOR.into(), AttributeValue::M(to_item(&change.actor)?));
    Ok(item)
}

pub fn entity_item<E: Registered>(key: &ItemKey, entity: &E, change: &Change) -> Result<Item> {
    item(key, E::KIND.name, entity, change)
}

/// The tombstone of a deleted entity. It names the actor and the request, which the stream's record of a deletion does not contain, and
/// keeps a late task from creating the entity again.
pub(crate) fn tombstone<E: Registered>(of: &ItemKey, entity: &E, change: &Change) -> Result<Item> {
    let key = keys::tombstone(of, &entity.key().to_string());
    let mut item = item(&key, TOMBSTONE, &Map::new(), change)?;
    item.insert(OF.into(), s(E::KIND.name));
    item.insert(BEFORE.into(), AttributeValue::M(to_item(entity)?));
    item.insert("version".into(), n(entity.meta().version + 1));
    item.insert("updatedAt".into(), s(change.now.to_string()));
    let seconds = match E::KIND == Customer::KIND {
        true => TOMBSTONE_OF_CUSTOMER_SECONDS,
        false => TOMBSTONE_SECONDS,
    };
    item.insert(keys::TTL.into(), n(change.now.epoch_seconds() + seconds));
    Ok(item)
}
