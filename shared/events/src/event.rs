//! The event as integrators get it, its types and their schemas.

use crate::EventType;
use domain::{
    Actor, ClientKey, CustomerKey, Error, EventKey, Result, Timestamp,
    audit::{AuditEntry, Subject, changed_fields},
    fields::Mode,
    schema,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The `source` of every event.
pub const SOURCE: &str = "customer-service";

/// Over this, the images are left out. EventBridge and SQS take 256 KB, the envelope included.
pub const LARGEST_DETAIL: usize = 200 * 1024;

impl EventType {
    /// The schema of `detail`. It is open, and its fields are never renamed or taken away: what was written against it keeps working.
    pub fn schema(self) -> Value {
        let image = schema::object(&(self.entry().fields)(), Mode::Stored);
        let mut properties = json!({
            "id": {"type": "string", "pattern": "^evt_[0-7][0-9a-hjkmnp-tv-z]{25}$", "description": "The same for the same change, however often it is delivered."},
            "type": {"const": self.name()},
            "time": {"type": "string", "format": "date-time"},
            "customerKey": {"type": "string", "pattern": "^cus_[0-7][0-9a-hjkmnp-tv-z]{25}$"},
            "clientKey": {"type": "string", "pattern": "^cli_[0-7][0-9a-hjkmnp-tv-z]{25}$", "description": "Of what belongs to a client: that client."},
            "entity": {
                "type": "object",
                "properties": {"kind": {"const": self.entity().name}, "key": {"type": "string"}},
                "required": ["kind", "key"],
            },
            "version": {"type": "integer", "minimum": 1, "description": "The entity's, strictly rising: it orders what arrives out of order."},
            "changed": {"type": "array", "items": {"type": "string"}, "description": "The names of the fields that differ."},
            "actor": {
                "type": "object",
                "properties": {"kind": {"enum": ["User", "ApiKey", "System"]}, "id": {"type": "string"}},
                "required": ["kind", "id"],
            },
            "requestId": {"type": "string"},
            "truncated": {"const": true, "description": "The images were too large and are left out: read the entity."},
        });
        if !self.is_creation() {
            properties["before"] = image.clone();
        }
        if !self.is_deletion() {
            properties["after"] = image;
        }
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": format!("urn:customer-service:event:{}", self.name()),
            "title": self.name(),
            "description": self.summary(),
            "type": "object",
            "properties": properties,
            "required": ["id", "type", "time", "customerKey", "entity", "version", "changed", "actor", "requestId"],
        })
    }
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    pub id: EventKey,
    pub r#type: EventType,
    pub time: Timestamp,
    pub customer_key: CustomerKey,
    /// Of what belongs to a client: that client.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub client_key: Option<ClientKey>,
    pub entity: Subject,
    pub version: u64,
    pub changed: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    pub actor: Actor,
    pub request_id: String,
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub truncated: bool,
}

impl Event {
    /// The event as `detail`, without its images where they would make it too large for those who carry it.
    pub fn detail(&self) -> Result<String> {
        let text = |event: &Self| {
            serde_json::to_string(event).map_err(|e| Error::Internal(format!("an event is not JSON: {e}")))
        };
        let whole = text(self)?;
        if whole.len() <= LARGEST_DETAIL {
            return Ok(whole);
        }
        text(&Self {
            before: None,
            after: None,
            truncated: true,
            ..self.clone()
        })
    }

    /// What the audit trail keeps of it.
    pub fn audit_entry(&self) -> AuditEntry {
        AuditEntry::of_change(
            self.r#type.name(),
            self.entity.clone(),
            self.version,
            self.time,
            &self.actor,
            &self.request_id,
            self.changed.clone(),
        )
    }

    /// The schemas' sample.
    pub fn sample(r#type: EventType) -> Value {
        let image = schema::example(&(r#type.entry().fields)(), Mode::Stored);
        let (before, after) = match r#type.transition() {
            Some(transition) => {
                let (before, after) = (transition.sample)(image.clone());
                (Some(before), Some(after))
            }
            None if r#type.is_creation() => (None, Some(image.clone())),
            None if r#type.is_deletion() => (Some(image.clone()), None),
            None => (Some(renamed(image.clone())), Some(image.clone())),
        };
        let changed = match (&before, &after) {
            (Some(before), Some(after)) => changed_fields(before, after),
            _ => Vec::new(),
        };
        let version = if before.is_some() { 2 } else { 1 };
        let mut sample = json!({
            "id": "evt_01kb1v0c1tfr2v6krscysfnvgb",
            "type": r#type.name(),
            "time": image["updatedAt"],
            "customerKey": "cus_01kb1v0c1tfr2v6krscysfnvgb",
            "entity": {"kind": r#type.entity().name, "key": image["key"]},
            "version": version,
            "changed": changed,
        });
        if let Some(before) = before {
            sample["before"] = before;
        }
        if let Some(mut after) = after {
            after["version"] = json!(version);
            sample["after"] = after;
        }
        sample["actor"] = json!({"kind": "User", "id": image["updatedBy"]});
        sample["requestId"] = json!("5e1f6f2e-4d0a-4f5b-9c53-0a4b7e3d9a10");
        sample
    }
}

/// An example of an entity, under another name.
fn renamed(mut entity: Value) -> Value {
    let field = if entity["name"].is_string() { "name" } else { "lastName" };
    entity[field] = json!("Acme");
    entity
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_events_and_say_what_changed() {
        for r#type in EventType::ALL {
            let event: Event = serde_json::from_value(Event::sample(*r#type)).unwrap();
            assert_eq!(event.r#type, *r#type);
            if let (Some(before), Some(after)) = (&event.before, &event.after) {
                assert_eq!(event.changed, domain::audit::changed_fields(before, after));
            }
        }
    }
}
