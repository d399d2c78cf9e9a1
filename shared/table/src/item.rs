//! Items and their attributes.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Error, Result};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::HashMap;

pub type Item = HashMap<String, AttributeValue>;

/// Which kind of item it is: an entity's name, or one of these.
pub const ENTITY: &str = "entity";
pub const TOMBSTONE: &str = "Tombstone";
/// Which request wrote it, and who: what events and the audit trail tell.
pub const REQUEST_ID: &str = "requestId";
pub const ACTOR: &str = "actor";
/// Of a tombstone: the deleted entity, its kind.
pub const BEFORE: &str = "before";
pub const OF: &str = "of";

pub fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub fn n(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub fn to_item<T: Serialize>(thing: &T) -> Result<Item> {
    serde_dynamo::to_item(thing).map_err(|e| Error::Internal(format!("not an item: {e}")))
}

pub fn from_item<T: DeserializeOwned>(item: Item) -> Result<T> {
    serde_dynamo::from_item(item).map_err(|e| Error::Internal(format!("a damaged item: {e}")))
}

/// A text attribute that every item of this kind has.
pub fn text<'i>(item: &'i Item, name: &str) -> Result<&'i str> {
    item.get(name)
        .and_then(|value| value.as_s().ok())
        .map(String::as_str)
        .ok_or_else(|| Error::Internal(format!("an item lacks its {name}")))
}
