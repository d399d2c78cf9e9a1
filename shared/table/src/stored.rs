//! Entities as items: their fields, and the attributes that only the table needs.

use crate::{
    Change,
    entities::Registered,
    item::{ACTOR, BEFORE, ENTITY, Item, OF, REQUEST_ID, TOMBSTONE, n, s, to_item},
    keys::{self, ItemKey},
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::Result;
use serde::Serialize;
use serde_json::Map;

/// How long a tombstone stays: longer than a queue keeps a message that could create the entity again.
const TOMBSTONE_SECONDS: i64 = 30 * 24 * 60 * 60;

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
    item.insert(keys::TTL.into(), n(change.now.epoch_seconds() + TOMBSTONE_SECONDS));
    Ok(item)
}
