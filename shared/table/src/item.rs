//! Items and their attributes.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Error, Result, defect_of};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::HashMap;

pub type Item = HashMap<String, AttributeValue>;

/// The kind of an item: an entity's name, `TOMBSTONE`, or the name of another kind of item.
pub const ENTITY: &str = "entity";
pub const TOMBSTONE: &str = "Tombstone";
/// The request that wrote an item, and who sent it: for events and the audit trail.
pub const REQUEST_ID: &str = "requestId";
pub const ACTOR: &str = "actor";
/// In a part: its unique value, in the form in which it is compared.
pub const UNIQUE: &str = "comparedAs";
/// In a tombstone: the deleted entity, and its kind.
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
    serde_dynamo::from_item(item).map_err(|e| Error::Internal(format!("a damaged item: {}", defect_of(&e))))
}

/// A text attribute that the item must have.
pub fn text<'i>(item: &'i Item, name: &str) -> Result<&'i str> {
    item.get(name)
        .and_then(|value| value.as_s().ok())
        .map(String::as_str)
        .ok_or_else(|| Error::Internal(format!("an item has no {name}")))
}
