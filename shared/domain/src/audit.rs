//! The audit trail: who did what, when, by which request. It outlives what it speaks of.

use crate::{
    Actor, EntityKind, EventKey, Timestamp,
    fields::{Field, Rule},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

const ACTOR: &[Field] = &[
    Field::new("kind", Rule::OneOf(&["User", "ApiKey", "System"]), "").required(),
    Field::new("id", Rule::Text { min: 1, max: 200 }, "").required(),
];

const SUBJECT: &[Field] = &[
    Field::new("kind", Rule::Text { min: 1, max: 50 }, "").required(),
    Field::new("key", Rule::Text { min: 1, max: 50 }, "").required(),
];

pub const FIELDS: &[Field] = &[
    Field::new("key", Rule::Key(EntityKind::Event), "For a change: the id of the event that tells of it.").required(),
    Field::new("action", Rule::Text { min: 1, max: 100 }, "The event's type, or KEY_MISMATCH_REFUSED.").required(),
    Field::new("time", Rule::Time, "").required(),
    Field::new("actor", Rule::Object(ACTOR), "").required(),
    Field::new("requestId", Rule::Text { min: 1, max: 200 }, "").required(),
    Field::new("entity", Rule::Object(SUBJECT), "What was changed."),
    Field::new("version", Rule::Whole { min: 1, max: i64::MAX }, "The version that the change made."),
    Field::new("changed", Rule::List { of: &Rule::Text { min: 1, max: 100 }, max: 100 }, "The names of the fields that changed."),
    Field::new("details", Rule::Anything, "Of a refusal: the operation, the field, what was claimed and what was requested."),
];

pub const REFUSED: &str = "KEY_MISMATCH_REFUSED";

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    pub key: EventKey,
    pub action: String,
    pub time: Timestamp,
    pub actor: Actor,
    pub request_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity: Option<Subject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub changed: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
}

/// What an event or an audit entry is about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Subject {
    pub kind: String,
    pub key: String,
}
