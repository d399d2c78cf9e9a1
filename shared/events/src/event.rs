//! The event as integrators get it, its types and their schemas.

use domain::{
    Actor, ClientKey, CustomerKey, EntityKind, Error, EventKey, Result, Timestamp, api_key,
    audit::{AuditEntry, Subject},
    client, contact, customer, department,
    fields::{Field, Mode},
    location, partition, partition_group, schema,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The `source` of every event.
pub const SOURCE: &str = "customer-service";

/// Over this, the images are left out. EventBridge and SQS take 256 KB, the envelope included.
pub const LARGEST_DETAIL: usize = 200 * 1024;

macro_rules! event_types {
    ($($variant:ident $name:literal $kind:ident $summary:literal,)*) => {
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
        pub enum EventType {
            $(#[serde(rename = $name)] $variant,)*
        }

        impl EventType {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            pub const fn entity(self) -> EntityKind {
                match self { $(Self::$variant => EntityKind::$kind,)* }
            }

            pub const fn summary(self) -> &'static str {
                match self { $(Self::$variant => $summary,)* }
            }
        }
    };
}

event_types! {
    CustomerCreated "CUSTOMER_CREATED" Customer "A customer was made.",
    CustomerUpdated "CUSTOMER_UPDATED" Customer "A customer changed; `changed` names the fields.",
    CustomerDeleted "CUSTOMER_DELETED" Customer "A customer was deleted.",
    CustomerDeactivated "CUSTOMER_DEACTIVATED" Customer "Beside CUSTOMER_UPDATED: the customer was deactivated.",
    CustomerReactivated "CUSTOMER_REACTIVATED" Customer "Beside CUSTOMER_UPDATED: the customer was reactivated.",
    ClientCreated "CUSTOMER_CLIENT_CREATED" Client "A client was made.",
    ClientUpdated "CUSTOMER_CLIENT_UPDATED" Client "A client changed; `changed` names the fields.",
    ClientDeleted "CUSTOMER_CLIENT_DELETED" Client "A client was deleted.",
    ClientDisabled "CUSTOMER_CLIENT_DISABLED" Client "Beside CUSTOMER_CLIENT_UPDATED: the client was disabled.",
    ClientEnabled "CUSTOMER_CLIENT_ENABLED" Client "Beside CUSTOMER_CLIENT_UPDATED: the client was enabled.",
    DepartmentCreated "CUSTOMER_DEPARTMENT_CREATED" Department "A department was made.",
    DepartmentUpdated "CUSTOMER_DEPARTMENT_UPDATED" Department "A department changed; `changed` names the fields.",
    DepartmentDeleted "CUSTOMER_DEPARTMENT_DELETED" Department "A department was deleted.",
    LocationCreated "CUSTOMER_LOCATION_CREATED" Location "A location was made.",
    LocationUpdated "CUSTOMER_LOCATION_UPDATED" Location "A location changed; `changed` names the fields.",
    LocationDeleted "CUSTOMER_LOCATION_DELETED" Location "A location was deleted.",
    ContactCreated "CUSTOMER_CONTACT_CREATED" Contact "A contact was made.",
    ContactUpdated "CUSTOMER_CONTACT_UPDATED" Contact "A contact changed; `changed` names the fields.",
    ContactDeleted "CUSTOMER_CONTACT_DELETED" Contact "A contact was deleted.",
    PartitionGroupCreated "CUSTOMER_PARTITION_GROUP_CREATED" PartitionGroup "A partition group was made.",
    PartitionGroupUpdated "CUSTOMER_PARTITION_GROUP_UPDATED" PartitionGroup "A partition group changed; `changed` names the fields.",
    PartitionGroupDeleted "CUSTOMER_PARTITION_GROUP_DELETED" PartitionGroup "A partition group was deleted.",
    PartitionCreated "CUSTOMER_PARTITION_CREATED" Partition "A partition was made.",
    PartitionUpdated "CUSTOMER_PARTITION_UPDATED" Partition "A partition changed; `changed` names the fields.",
    PartitionDeleted "CUSTOMER_PARTITION_DELETED" Partition "A partition was deleted; its keys open nothing any more.",
    ApiKeyCreated "API_KEY_CREATED" ApiKey "An API key was made.",
    ApiKeyUpdated "API_KEY_UPDATED" ApiKey "An API key changed; `changed` names the fields.",
    ApiKeyRotated "API_KEY_ROTATED" ApiKey "Beside API_KEY_UPDATED: the key has a successor, `rotatedTo`.",
    ApiKeyExpired "API_KEY_EXPIRED" ApiKey "Beside API_KEY_UPDATED: the key was ended, or came to its end.",
    ApiKeyDeleted "API_KEY_DELETED" ApiKey "An API key that expired thirty days ago is listed no more.",
}

impl EventType {
    /// The events that tell of an entity's making, change and end.
    pub const fn of(kind: EntityKind) -> Option<Lifecycle> {
        match kind {
            EntityKind::Customer => Some(Lifecycle {
                created: Self::CustomerCreated,
                updated: Self::CustomerUpdated,
                deleted: Self::CustomerDeleted,
            }),
            EntityKind::Location => Some(Lifecycle {
                created: Self::LocationCreated,
                updated: Self::LocationUpdated,
                deleted: Self::LocationDeleted,
            }),
            EntityKind::Client => Some(Lifecycle {
                created: Self::ClientCreated,
                updated: Self::ClientUpdated,
                deleted: Self::ClientDeleted,
            }),
            EntityKind::Department => Some(Lifecycle {
                created: Self::DepartmentCreated,
                updated: Self::DepartmentUpdated,
                deleted: Self::DepartmentDeleted,
            }),
            EntityKind::Contact => Some(Lifecycle {
                created: Self::ContactCreated,
                updated: Self::ContactUpdated,
                deleted: Self::ContactDeleted,
            }),
            EntityKind::PartitionGroup => Some(Lifecycle {
                created: Self::PartitionGroupCreated,
                updated: Self::PartitionGroupUpdated,
                deleted: Self::PartitionGroupDeleted,
            }),
            EntityKind::Partition => Some(Lifecycle {
                created: Self::PartitionCreated,
                updated: Self::PartitionUpdated,
                deleted: Self::PartitionDeleted,
            }),
            EntityKind::ApiKey => Some(Lifecycle {
                created: Self::ApiKeyCreated,
                updated: Self::ApiKeyUpdated,
                deleted: Self::ApiKeyDeleted,
            }),
            EntityKind::Event => None,
        }
    }

    /// What tells of a change, given how the entity looked before and after it: the update, and beside it what is more than one.
    pub fn of_change(kind: EntityKind, before: &Value, after: &Value) -> Vec<Self> {
        let Some(lifecycle) = Self::of(kind) else {
            return Vec::new();
        };
        let is_disabled = |image: &Value| image["isDisabled"] == true;
        let mut types = vec![lifecycle.updated];
        if is_disabled(before) != is_disabled(after) {
            types.extend(Self::switched(kind, is_disabled(after)));
        }
        if kind == EntityKind::ApiKey {
            if before["rotatedTo"] != after["rotatedTo"] {
                types.push(Self::ApiKeyRotated);
            }
            if before["status"] != after["status"] {
                types.push(Self::ApiKeyExpired);
            }
        }
        types
    }

    /// What tells, beside an update, that something was disabled or enabled.
    const fn switched(kind: EntityKind, is_disabled: bool) -> Option<Self> {
        match (kind, is_disabled) {
            (EntityKind::Customer, true) => Some(Self::CustomerDeactivated),
            (EntityKind::Customer, false) => Some(Self::CustomerReactivated),
            (EntityKind::Client, true) => Some(Self::ClientDisabled),
            (EntityKind::Client, false) => Some(Self::ClientEnabled),
            _ => None,
        }
    }

    fn view(self) -> Vec<Field> {
        match self.entity() {
            EntityKind::Client => client::view_fields(),
            EntityKind::Department => department::view_fields(),
            EntityKind::Location => location::view_fields(),
            EntityKind::Contact => contact::view_fields(),
            EntityKind::PartitionGroup => partition_group::view_fields(),
            EntityKind::Partition => partition::view_fields(),
            EntityKind::ApiKey => api_key::view_fields(),
            EntityKind::Customer | EntityKind::Event => customer::view_fields(),
        }
    }

    /// The schema of `detail`. It is open, and its fields are never renamed or taken away: what was written against it keeps working.
    pub fn schema(self) -> Value {
        let image = schema::object(&self.view(), Mode::Stored);
        let mut properties = json!({
            "id": {"type": "string", "pattern": "^evt_[0-7][0-9a-hjkmnp-tv-z]{25}$", "description": "The same for the same change, however often it is delivered."},
            "type": {"const": self.name()},
            "time": {"type": "string", "format": "date-time"},
            "customerKey": {"type": "string", "pattern": "^cus_[0-7][0-9a-hjkmnp-tv-z]{25}$"},
            "clientKey": {"type": "string", "pattern": "^cli_[0-7][0-9a-hjkmnp-tv-z]{25}$", "description": "Of what belongs to a client: that client."},
            "entity": {
                "type": "object",
                "properties": {"kind": {"const": self.entity().name()}, "key": {"type": "string"}},
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
        let lifecycle = Self::of(self.entity());
        if lifecycle.is_none_or(|l| l.created != self) {
            properties["before"] = image.clone();
        }
        if lifecycle.is_none_or(|l| l.deleted != self) {
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

#[derive(Clone, Copy)]
pub struct Lifecycle {
    pub created: EventType,
    pub updated: EventType,
    pub deleted: EventType,
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
        let image = schema::example(&r#type.view(), Mode::Stored);
        let lifecycle = EventType::of(r#type.entity());
        let (before, after, changed): (Option<Value>, Option<Value>, &[&str]) = match r#type {
            made if lifecycle.is_some_and(|l| l.created == made) => (None, Some(image.clone()), &[]),
            gone if lifecycle.is_some_and(|l| l.deleted == gone) => (Some(image.clone()), None, &[]),
            EventType::CustomerDeactivated => (
                Some(image.clone()),
                Some(deactivated(image.clone())),
                &["deactivation", "isDisabled"],
            ),
            EventType::CustomerReactivated => (
                Some(deactivated(image.clone())),
                Some(image.clone()),
                &["deactivation", "isDisabled"],
            ),
            EventType::ClientDisabled => (
                Some(image.clone()),
                Some(disabled(image.clone())),
                &["isDisabled", "isDisabledItself"],
            ),
            EventType::ClientEnabled => (
                Some(disabled(image.clone())),
                Some(image.clone()),
                &["isDisabled", "isDisabledItself"],
            ),
            EventType::ApiKeyRotated => (Some(image.clone()), Some(rotated(image.clone())), &["rotatedTo"]),
            EventType::ApiKeyExpired => (Some(image.clone()), Some(expired(image.clone())), &["status"]),
            _ => {
                let field: &[&str] = if image["name"].is_string() {
                    &["name"]
                } else {
                    &["lastName"]
                };
                let mut before = image.clone();
                before[field[0]] = json!("Acme");
                (Some(before), Some(image.clone()), field)
            }
        };
        let version = if before.is_some() { 2 } else { 1 };
        let mut sample = json!({
            "id": "evt_01kb1v0c1tfr2v6krscysfnvgb",
            "type": r#type.name(),
            "time": image["updatedAt"],
            "customerKey": "cus_01kb1v0c1tfr2v6krscysfnvgb",
            "entity": {"kind": r#type.entity().name(), "key": image["key"]},
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

fn rotated(mut key: Value) -> Value {
    key["rotatedTo"] = json!("key_01kb1v0c1tfr2v6krscysfnvgc");
    key
}

fn expired(mut key: Value) -> Value {
    key["status"] = json!("Expired");
    key
}

fn disabled(mut client: Value) -> Value {
    client["isDisabled"] = json!(true);
    client["isDisabledItself"] = json!(true);
    client
}

fn deactivated(mut customer: Value) -> Value {
    customer["isDisabled"] = json!(true);
    customer["deactivation"] = json!({
        "deactivatedAt": customer["updatedAt"],
        "deactivatedBy": customer["updatedBy"],
        "windowEndsAt": "2026-12-14T08:00:00.000Z",
    });
    customer
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
