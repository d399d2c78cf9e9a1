//! The events of an entity.

use serde_json::Value;

/// The names of the events that every entity has: its creation, its changes, its deletion.
#[derive(Clone, Copy, Debug)]
pub struct Lifecycle {
    pub created: &'static str,
    pub updated: &'static str,
    pub deleted: &'static str,
}

/// The lifecycle of an entity whose events' names start with this.
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

/// A change that has an event of its own, beside the update's.
#[derive(Clone, Copy, Debug)]
pub struct Transition {
    pub event: &'static str,
    pub summary: &'static str,
    /// Whether it happened between two states of an entity.
    pub happened: fn(before: &Value, after: &Value) -> bool,
    /// Two states between which it happened, from an example of the entity: for the sample of its event.
    pub sample: fn(example: Value) -> (Value, Value),
}
