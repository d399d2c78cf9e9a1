//! What every stored thing has: a key, a version, times and actors; and how a change to it is made.

use crate::{
    Actor, Error, FieldError, Result, Timestamp,
    fields::{self, Field, Mode, Rule},
    key::{Key, Kind},
    lifecycle::{Lifecycle, Transition},
    merge_patch,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// The fields that the service keeps on everything, shown last.
pub const META_FIELDS: &[Field] = &[
    Field::new(
        "version",
        Rule::Whole { min: 1, max: i64::MAX },
        "Starts at 1, one more with each change.",
    )
    .read_only()
    .required(),
    Field::new("createdAt", Rule::Time, "").read_only().required(),
    Field::new("updatedAt", Rule::Time, "").read_only().required(),
    Field::new(
        "createdBy",
        Rule::Text { min: 1, max: 255 },
        "The subject of the token, or the name of the task.",
    )
    .read_only()
    .required(),
    Field::new("updatedBy", Rule::Text { min: 1, max: 255 }, "")
        .read_only()
        .required(),
];

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    pub version: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub created_by: String,
    pub updated_by: String,
}

impl Meta {
    pub fn new(now: Timestamp, by: &Actor) -> Self {
        Self {
            version: 1,
            created_at: now,
            updated_at: now,
            created_by: by.id.clone(),
            updated_by: by.id.clone(),
        }
    }

    pub fn changed(&mut self, now: Timestamp, by: &Actor) {
        self.version += 1;
        self.updated_at = now;
        self.updated_by = by.id.clone();
    }
}

/// A thing with a key. What is serialised is what the API shows and what the table keeps.
pub trait Entity: Kind + Serialize + DeserializeOwned + Clone + PartialEq + Send + Sync {
    /// The fields of a request, `key` and the service's own fields included.
    const FIELDS: &'static [Field];
    /// With its article: "a location".
    const NOUN: &'static str;
    /// As counts name it: "locations".
    const PLURAL: &'static str;
    const EVENTS: Lifecycle;
    /// Changes that have an event beside the update's.
    const TRANSITIONS: &'static [Transition] = &[];
    /// What the event of its deletion adds to "was deleted".
    const DELETION_NOTE: &'static str = "";
    /// Whether TTL deletes it, and nothing else does.
    const EXPIRES: bool = false;

    fn key(&self) -> Key<Self>;
    fn meta(&self) -> &Meta;
    fn meta_mut(&mut self) -> &mut Meta;

    /// Rules that span fields.
    fn check(&self, _: &mut Vec<FieldError>) {}

    /// What an entity fills in for fields that a checked body may omit, where the default depends on its key.
    fn complete(_: Key<Self>, _: &mut Map<String, Value>) {}

    /// A new entity from a checked body.
    fn new(key: Key<Self>, mut body: Map<String, Value>, now: Timestamp, by: &Actor) -> Result<Self> {
        Self::complete(key, &mut body);
        body.insert("key".into(), Value::String(key.to_string()));
        if let Value::Object(meta) = to_value(&Meta::new(now, by))? {
            body.extend(meta);
        }
        checked(body)
    }

    /// This entity with a checked patch laid over it; `None` where that changes nothing.
    fn patched(&self, patch: &Map<String, Value>, now: Timestamp, by: &Actor) -> Result<Option<Self>> {
        let mut value = to_value(self)?;
        merge_patch::apply(&mut value, Value::Object(patch.clone()));
        let Value::Object(body) = value else {
            return Err(Error::Internal("a patched entity is no object".into()));
        };
        let stored = fields::check(&[Self::FIELDS, META_FIELDS].concat(), body, Mode::Stored);
        if !stored.errors.is_empty() {
            return Err(Error::Validation(stored.errors));
        }
        let mut next: Self = checked(stored.value)?;
        if next == *self {
            return Ok(None);
        }
        next.meta_mut().changed(now, by);
        Ok(Some(next))
    }
}

fn checked<E: Entity>(body: Map<String, Value>) -> Result<E> {
    let entity: E = serde_json::from_value(Value::Object(body))
        .map_err(|e| Error::Internal(format!("a checked body is no {}: {e}", E::KIND.name)))?;
    let mut errors = Vec::new();
    entity.check(&mut errors);
    if errors.is_empty() {
        Ok(entity)
    } else {
        Err(Error::Validation(errors))
    }
}

pub fn to_value<T: Serialize>(thing: &T) -> Result<Value> {
    serde_json::to_value(thing).map_err(|e| Error::Internal(format!("not serialisable: {e}")))
}
