//! Entities: what they have in common, and how they are created and changed.

use crate::{
    Actor, Error, FieldError, Result, Timestamp, Together, defect_of,
    fields::{self, Field, Mode, Rule},
    key::{Key, Kind},
    lifecycle::{Lifecycle, Transition},
    merge_patch,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// The fields that the service sets on every entity. They come last.
pub const META_FIELDS: &[Field] = &[
    Field::new(
        "version",
        Rule::Whole { min: 1, max: i64::MAX },
        "Starts at 1; each change adds 1.",
    )
    .read_only()
    .required(),
    Field::new("createdAt", Rule::Time, "When it was created.")
        .read_only()
        .required(),
    Field::new("updatedAt", Rule::Time, "When it was last changed.")
        .read_only()
        .required(),
    Field::new(
        "createdBy",
        Rule::Text { min: 1, max: 255 },
        "Who created it: the subject of the token, or the name of the task.",
    )
    .read_only()
    .required(),
    Field::new("updatedBy", Rule::Text { min: 1, max: 255 }, "Who last changed it.")
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

/// Something with a key, a version, times and actors. It is serialised in the same form for the API and for the table.
pub trait Entity: Kind + Serialize + DeserializeOwned + Clone + PartialEq + Send + Sync {
    /// All fields but `META_FIELDS`.
    const FIELDS: &'static [Field];
    /// With its article: "a location".
    const NOUN: &'static str;
    /// As counts name it: "locations".
    const PLURAL: &'static str;
    const EVENTS: Lifecycle;
    /// The rules that span fields.
    const TOGETHER: &'static [Together] = &[];
    /// Changes that have an event beside the update's.
    const TRANSITIONS: &'static [Transition] = &[];
    /// Added to "was deleted" in the summary of its deletion's event.
    const DELETION_NOTE: &'static str = "";
    /// Whether it is deleted by TTL and by nothing else.
    const EXPIRES: bool = false;

    fn key(&self) -> Key<Self>;
    fn meta(&self) -> &Meta;
    fn meta_mut(&mut self) -> &mut Meta;

    /// Rules that are neither a field's nor in `TOGETHER`.
    fn check(&self, _: &mut Vec<FieldError>) {}

    /// Fills in omitted fields whose default depends on the key.
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

    /// This entity after a checked patch; `None` if the patch changes nothing.
    fn patched(&self, patch: &Map<String, Value>, now: Timestamp, by: &Actor) -> Result<Option<Self>> {
        let mut value = to_value(self)?;
        merge_patch::apply(&mut value, Value::Object(patch.clone()));
        let Value::Object(body) = value else {
            return Err(Error::Internal("a patched entity is not an object".into()));
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
    let broken = E::TOGETHER.iter().filter_map(|rule| rule.broken(&body));
    let mut errors: Vec<FieldError> = broken.map(|(field, rule)| FieldError::new(field, rule)).collect();
    let entity: E = serde_json::from_value(Value::Object(body))
        .map_err(|e| Error::Internal(format!("a checked body is not a {}: {}", E::KIND.name, defect_of(&e))))?;
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
