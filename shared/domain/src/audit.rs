//! The audit trail: who did what, when, by which request. Entries stay when the entity is deleted.

use crate::{
    Actor, EntityKind, Key, Kind, Object, Timestamp,
    entity::META_FIELDS,
    fields::{Field, Rule},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub const ACTOR: &Object = &Object::new(
    "Actor",
    &[
        Field::new(
            "kind",
            Rule::OneOf(&["User", "ApiKey", "System"]),
            "System: a task of the service.",
        )
        .required(),
        Field::new(
            "id",
            Rule::Text { min: 1, max: 255 },
            "The subject of the token, the key's id, or the name of the task.",
        )
        .required(),
    ],
);

pub const SUBJECT: &Object = &Object::new(
    "EntityRef",
    &[
        Field::new("kind", Rule::Text { min: 1, max: 50 }, "Such as Customer or ApiKey.").required(),
        Field::new("key", Rule::Text { min: 1, max: 50 }, "The entity's key.").required(),
    ],
);

/// An event: it has a key without being an entity.
#[derive(Clone, Copy, Debug)]
pub struct Event;

pub type EventKey = Key<Event>;

impl Kind for Event {
    const KIND: EntityKind = EntityKind {
        name: "Event",
        prefix: "evt",
    };
}

/// An entry is one of these.
pub const VARIANTS: &[&Object] = &[CHANGE, REFUSAL];

const KEY: Field = Field::new("key", Rule::Key(Event::KIND), "For a change: the id of its event.").required();
const TIME: Field = Field::new("time", Rule::Time, "When it happened.").required();
const BY: Field = Field::new("actor", Rule::Object(ACTOR), "Who did it.").required();
const REQUEST_ID: Field = Field::new(
    "requestId",
    Rule::Text { min: 1, max: 200 },
    "The request that caused it.",
)
.required();

const CHANGE: &Object = &Object::new(
    "AuditedChange",
    &[
        KEY,
        Field::new("action", Rule::Text { min: 1, max: 100 }, "The event's type.").required(),
        TIME,
        BY,
        REQUEST_ID,
        Field::new("entity", Rule::Object(SUBJECT), "The entity that was changed.").required(),
        Field::new(
            "version",
            Rule::Whole { min: 1, max: i64::MAX },
            "The entity's version after the change.",
        )
        .required(),
        Field::new(
            "changed",
            Rule::List {
                of: &Rule::Text { min: 1, max: 100 },
                max: 100,
            },
            "The names of the fields that changed.",
        ),
    ],
);

const REFUSAL: &Object = &Object::new(
    "AuditedRefusal",
    &[
        KEY,
        Field::new(
            "action",
            Rule::OneOf(&[REFUSED]),
            "A request for a key of another tenant was refused.",
        )
        .required(),
        TIME,
        BY,
        REQUEST_ID,
        Field::new("details", Rule::Object(REFUSAL_DETAILS), "What was refused.").required(),
    ],
);

const REFUSAL_DETAILS: &Object = &Object::new(
    "RefusalDetails",
    &[
        Field::new(
            "operation",
            Rule::Text { min: 1, max: 100 },
            "The operation that was called.",
        )
        .required(),
        Field::new(
            "field",
            Rule::Text { min: 1, max: 100 },
            "The path parameter with the key.",
        )
        .required(),
        Field::new(
            "claimed",
            Rule::Text { min: 0, max: 255 },
            "The key in the caller's token.",
        )
        .required()
        .nullable(),
        Field::new(
            "requested",
            Rule::Text { min: 0, max: 100 },
            "The key in the request, at most its first 100 characters.",
        )
        .required()
        .nullable(),
    ],
);

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

/// The entity of an event or an audit entry.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Subject {
    pub kind: String,
    pub key: String,
}

impl AuditEntry {
    /// The entry of a change. Every writer derives the same key, so a repeated write stores the same entry again.
    pub fn of_change(
        action: &str,
        entity: Subject,
        version: u64,
        time: Timestamp,
        actor: &Actor,
        request_id: &str,
        changed: Vec<String>,
    ) -> Self {
        Self {
            key: event_key(time, &entity.key, version, action),
            action: action.to_owned(),
            time,
            actor: actor.clone(),
            request_id: request_id.to_owned(),
            entity: Some(entity),
            version: Some(version),
            changed,
            details: None,
        }
    }
}

/// The id of a change's event: derived, so the same change always has the same id.
pub fn event_key(time: Timestamp, entity_key: &str, version: u64, event_type: &str) -> EventKey {
    EventKey::derived(time, &format!("{entity_key}:{version}:{event_type}"))
}

/// The names of the fields that differ between two states of an entity, without those that every change updates.
pub fn changed_fields(before: &Value, after: &Value) -> Vec<String> {
    let (Value::Object(before), Value::Object(after)) = (before, after) else {
        return Vec::new();
    };
    let mut names: Vec<String> = before
        .keys()
        .chain(after.keys().filter(|name| !before.contains_key(*name)))
        .filter(|name| before.get(*name) != after.get(*name))
        .filter(|name| !META_FIELDS.iter().any(|meta| meta.name == *name))
        .cloned()
        .collect();
    names.sort();
    names
}
