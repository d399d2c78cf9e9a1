//! The event as integrators receive it, and its schemas.

use crate::EventType;
use domain::{
    Actor, ClientKey, CustomerKey, Error, EventKey, Kind, Result, Timestamp, View,
    audit::{self, ACTOR, AuditEntry, SUBJECT, Subject, changed_fields, event_key},
    client::Client,
    customer::{Customer, PARENT, Parent},
    fields::Mode,
    key::{self, is_key},
    schema::{self, Schemas},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The `source` of every event.
pub const SOURCE: &str = "customer-service";

/// Larger events are sent without images. EventBridge and SQS take 256 KB, including the envelope.
pub const LARGEST_DETAIL: usize = 200 * 1024;

impl EventType {
    /// The schema of `detail`. It is open, and fields are never renamed or removed, so existing consumers keep working.
    pub fn schema(self) -> Value {
        let mut schemas = Schemas::new("#/$defs");
        let image = schemas.body(self.entity().name, &(self.entry().fields)(), &[], Mode::Stored);
        let mut entity = schemas.object(SUBJECT, Mode::Stored);
        entity["properties"] = json!({"kind": {"const": self.entity().name}});
        let actor = schemas.object(ACTOR, Mode::Stored);
        let mut properties = json!({
            "id": {"type": "string", "pattern": key::pattern(audit::Event::KIND), "description": "The same for each delivery of the same change."},
            "type": {"const": self.name()},
            "schemaVersion": {"const": SCHEMA_VERSION, "description": "Fields are only added to a version. A change that breaks consumers is a new type of event."},
            "time": {"type": "string", "format": "date-time"},
            "bootstrapTenantKey": {"type": "string", "description": "The bootstrap key of the tenant to which the customer belongs. It never changes, so that a rule can select by it."},
            "customerKey": {"type": "string", "pattern": key::pattern(Customer::KIND)},
            "clientKey": {"type": "string", "pattern": key::pattern(Client::KIND), "description": "The client, if the entity belongs to one."},
            "entity": entity,
            "version": {"type": "integer", "minimum": 1, "description": "The entity's version. It rises with each change, so it orders events that arrive out of order."},
            "changed": {"type": "array", "items": {"type": "string"}, "description": "The names of the fields that differ."},
            "actor": actor,
            "requestId": {"type": "string"},
            "truncated": {"const": true, "description": "Present if the images were too large and are omitted: read the entity instead."},
        });
        if self.entity() == Customer::KIND {
            properties["parent"] = schemas.object(PARENT, Mode::Stored);
            properties["parent"]["description"] = "For an account: the client that it is the account of.".into();
        }
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
            "required": ["id", "type", "schemaVersion", "time", "bootstrapTenantKey", "customerKey", "entity", "version", "changed", "actor", "requestId"],
            "$defs": schemas.named,
        })
    }
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    pub id: EventKey,
    pub r#type: EventType,
    #[serde(default = "schema_version")]
    pub schema_version: u32,
    pub time: Timestamp,
    /// The tenant to which the customer belongs. The image of a customer has it; for other entities the trigger looks it up. Absent in
    /// messages that were queued before the field existed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bootstrap_tenant_key: Option<String>,
    pub customer_key: CustomerKey,
    /// For an account: the client that it is the account of.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub parent: Option<Parent>,
    /// The client, if the entity belongs to one.
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

pub(crate) const SCHEMA_VERSION: u32 = 1;

const fn schema_version() -> u32 {
    SCHEMA_VERSION
}

impl Event {
    /// An error if its type, its entity, its tenant and its images do not belong together, or if its request id is no id.
    pub fn check(&self) -> Result<(), &'static str> {
        let in_an_id = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=+/.:".contains(&byte);
        if !self.request_id.bytes().all(in_an_id) {
            return Err("the request id is not one");
        }
        let (kind, key) = (self.r#type.entity(), self.entity.key.as_str());
        if self.entity.kind != kind.name || !is_key(key, kind) {
            return Err("the entity is not one of the event's type");
        }
        if kind == Customer::KIND && key != self.customer_key.to_string() {
            return Err("the entity is another customer than the event's");
        }
        if kind == Client::KIND && self.client_key.is_some() {
            return Err("a client does not belong to a client");
        }
        let images = [&self.before, &self.after];
        match images.into_iter().flatten().all(|image| image["key"] == key) {
            true => Ok(()),
            false => Err("an image is of another entity than the event's"),
        }
    }

    /// The event as `detail`, without its images if they would make it too large for the bus.
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

    /// Its entry in the audit trail.
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

    /// A sample, for documents and tests.
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
        let key = image["key"].as_str().unwrap_or_default();
        let time = image["updatedAt"]
            .as_str()
            .and_then(Timestamp::parse)
            .unwrap_or_default();
        let customer = schema::example(&Customer::fields(), Mode::Stored);
        let mut sample = json!({
            "id": event_key(time, key, version, r#type.name()),
            "type": r#type.name(),
            "schemaVersion": SCHEMA_VERSION,
            "time": image["updatedAt"],
            "bootstrapTenantKey": customer["bootstrapTenantKey"],
            "customerKey": customer["key"],
            "entity": {"kind": r#type.entity().name, "key": image["key"]},
            "version": version,
            "changed": changed,
        });
        if let (true, Some(parent)) = (r#type.entity() == Customer::KIND, image.get("parent")) {
            sample["parent"] = parent.clone();
        }
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
    use std::collections::BTreeSet;

    #[test]
    fn samples_are_events_and_name_the_changed_fields() {
        let mut ids = BTreeSet::new();
        for r#type in EventType::ALL {
            let event: Event = serde_json::from_value(Event::sample(*r#type)).unwrap();
            assert_eq!(event.r#type, *r#type);
            assert_eq!(event.check(), Ok(()));
            assert!(ids.insert(event.id), "two samples have the id {}", event.id);
            if let (Some(before), Some(after)) = (&event.before, &event.after) {
                assert_eq!(event.changed, domain::audit::changed_fields(before, after));
            }
        }
    }
}
