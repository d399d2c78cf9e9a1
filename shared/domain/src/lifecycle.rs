//! The events in an entity's life.

use serde_json::Value;

/// The names of the events that every entity has.
#[derive(Clone, Copy, Debug)]
pub struct Lifecycle {
    pub created: &'static str,
    pub updated: &'static str,
    pub deleted: &'static str,
}

/// The events of an entity, by what their names begin with.
#[macro_export]
macro_rules! lifecycle {
    ($stem:literal) => {
        $crate::lifecycle::Lifecycle {
            created: concat!($stem, "_CREATED"),
            updated: concat!($stem, "_UPDATED"),
            deleted: concat!($stem, "_DELETED"),
        }
    };
}

/// A change that has an event beside the update's.
#[derive(Clone, Copy, Debug)]
pub struct Transition {
    pub event: &'static str,
    pub summary: &'static str,
    /// Whether it happened between two images of an entity.
    pub happened: fn(before: &Value, after: &Value) -> bool,
    /// Two images between which it happened, from an example of the entity.
    pub sample: fn(example: Value) -> (Value, Value),
}
