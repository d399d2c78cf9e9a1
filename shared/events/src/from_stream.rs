//! Turns stream records into domain events. Each delivery of a record gives the same events, with the same ids.

use crate::{Event, EventType, event::SCHEMA_VERSION};
use aws_lambda_events::dynamodb::EventRecord;
use domain::{
    Actor, Error, Kind, Result, Timestamp,
    audit::{Subject, changed_fields, event_key},
    customer::Customer,
    defect_of,
};
use serde::Deserialize;
use serde_dynamo::Item;
use serde_json::Value;
use table::{
    entities::{self, Entry},
    item, keys,
};

/// The attributes of an item that an event needs, beside the entity.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stamp {
    pk: String,
    version: u64,
    updated_at: Timestamp,
    actor: Actor,
    request_id: String,
}

/// The events of a record: none for items that are not entities, several for an update that is also a transition.
pub fn events_of(record: &EventRecord) -> Result<Vec<Event>> {
    events_among(entities::ALL, record)
}

/// Like `events_of`, with another registry than the service's.
pub fn events_among(entities: &'static [Entry], record: &EventRecord) -> Result<Vec<Event>> {
    let entity = |name: &str| entities.iter().find(|entry| entry.kind.name == name);
    let old = image(&record.change.old_image);
    let new = image(&record.change.new_image);
    let Some(newest) = new else {
        // The record of a deletion has no actor and no request. The tombstone does.
        return match old {
            Some(old) => entity(&name_of(old)?).map_or_else(none, |entity| removed_by_ttl(entity, old)),
            None => none(),
        };
    };
    let name = name_of(newest)?;
    if name == item::TOMBSTONE {
        let deleted: Deleted = read(newest)?;
        return entity(&deleted.of).map_or_else(none, |entity| deletion(entity, newest, deleted.before));
    }
    entity(&name).map_or_else(none, |entity| changed(entity, old, newest))
}

fn none() -> Result<Vec<Event>> {
    Ok(Vec::new())
}

/// The attributes of a tombstone that describe the deleted entity.
#[derive(Deserialize)]
struct Deleted {
    of: String,
    before: Value,
}

fn image(image: &Item) -> Option<&Item> {
    (!image.is_empty()).then_some(image)
}

/// The kind of an item.
fn name_of(item: &Item) -> Result<String> {
    #[derive(Deserialize)]
    struct Named {
        entity: String,
    }
    Ok(read::<Named>(item)?.entity)
}

fn changed(entity: &'static Entry, old: Option<&Item>, new: &Item) -> Result<Vec<Event>> {
    let after = (entity.view)(read(new)?)?;
    let Some(old) = old else {
        let created = EventType::creation_of(entity);
        return Ok(vec![event(created, new, None, Some(after), Vec::new())?]);
    };
    let before = (entity.view)(read(old)?)?;
    // A write that keeps the version, such as that of a key's last use, is not a change of the entity.
    if before["version"] == after["version"] {
        return none();
    }
    let names = changed_fields(&before, &after);
    EventType::of_change(entity, &before, &after)
        .into_iter()
        .map(|r#type| event(r#type, new, Some(before.clone()), Some(after.clone()), names.clone()))
        .collect()
}

/// An entity that is deleted by TTL has no tombstone.
fn removed_by_ttl(entity: &'static Entry, old: &Item) -> Result<Vec<Event>> {
    if !entity.expires {
        return none();
    }
    let before = (entity.view)(read(old)?)?;
    let mut event = event(EventType::deletion_of(entity), old, Some(before), None, Vec::new())?;
    event.version += 1;
    event.actor = Actor::system("time-to-live");
    Ok(vec![event])
}

fn deletion(entity: &'static Entry, tombstone: &Item, before: Value) -> Result<Vec<Event>> {
    let before = (entity.view)(before)?;
    let deleted = EventType::deletion_of(entity);
    Ok(vec![event(deleted, tombstone, Some(before), None, Vec::new())?])
}

fn event(
    r#type: EventType,
    stamped: &Item,
    before: Option<Value>,
    after: Option<Value>,
    changed: Vec<String>,
) -> Result<Event> {
    let stamp: Stamp = read(stamped)?;
    let (customer_key, client_key) = keys::owner_of_partition(&stamp.pk)
        .ok_or_else(|| Error::Internal(format!("{} is not a customer's partition", stamp.pk)))?;
    let key = after
        .as_ref()
        .or(before.as_ref())
        .and_then(|image| image["key"].as_str())
        .unwrap_or_default()
        .to_owned();
    // A deleted or changed entity belonged to the account that its last image shows.
    let of_customer = after
        .as_ref()
        .or(before.as_ref())
        .filter(|_| r#type.entity() == Customer::KIND);
    Ok(Event {
        id: event_key(stamp.updated_at, &key, stamp.version, r#type.name()),
        r#type,
        schema_version: SCHEMA_VERSION,
        time: stamp.updated_at,
        bootstrap_tenant_key: of_customer
            .and_then(|image| image["bootstrapTenantKey"].as_str())
            .map(str::to_owned),
        customer_key,
        parent: match of_customer.and_then(|image| image.get("parent")) {
            Some(parent) => Some(
                serde_json::from_value(parent.clone())
                    .map_err(|e| Error::Internal(format!("a damaged image: {}", defect_of(&e))))?,
            ),
            None => None,
        },
        client_key,
        entity: Subject {
            kind: r#type.entity().name.into(),
            key,
        },
        version: stamp.version,
        changed,
        before,
        after,
        actor: stamp.actor,
        request_id: stamp.request_id,
        truncated: false,
    })
}

fn read<T: serde::de::DeserializeOwned>(item: &Item) -> Result<T> {
    serde_dynamo::from_item(item.clone()).map_err(|e| Error::Internal(format!("a damaged image: {}", defect_of(&e))))
}
