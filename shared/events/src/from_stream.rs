//! A stream record to domain events. The same record gives the same events with the same ids, however often it is delivered.

use crate::{Event, EventType};
use aws_lambda_events::dynamodb::EventRecord;
use domain::{
    Actor, Entity, EntityKind, Error, Result, Timestamp,
    api_key::ApiKey,
    audit::{Subject, changed_fields, event_key},
    client::Client,
    contact::Contact,
    customer::Customer,
    department::Department,
    entity::to_value,
    location::Location,
    partition::Partition,
    partition_group::PartitionGroup,
};
use serde::Deserialize;
use serde_dynamo::Item;
use serde_json::Value;
use table::{item, keys};

/// What the table keeps beside an entity, and an event needs.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stamp {
    pk: String,
    version: u64,
    updated_at: Timestamp,
    actor: Actor,
    request_id: String,
}

/// The events that one record means: none for items that only the table cares about, several where a change is more than an update.
pub fn events_of(record: &EventRecord) -> Result<Vec<Event>> {
    let old = image(&record.change.old_image);
    let new = image(&record.change.new_image);
    let Some(newest) = new else {
        // A removal says neither who nor why: the tombstone written with it does.
        return old.map_or_else(|| Ok(Vec::new()), removed_by_ttl);
    };
    match kind_of(newest)? {
        ItemKind::Entity(kind) => changed(kind, old, newest),
        ItemKind::Tombstone => deleted(newest),
        ItemKind::Other => Ok(Vec::new()),
    }
}

enum ItemKind {
    Entity(EntityKind),
    Tombstone,
    Other,
}

fn image(image: &Item) -> Option<&Item> {
    (!image.is_empty()).then_some(image)
}

fn kind_of(item: &Item) -> Result<ItemKind> {
    #[derive(Deserialize)]
    struct Kind {
        entity: String,
    }
    let kind: Kind = read(item)?;
    if kind.entity == item::TOMBSTONE {
        return Ok(ItemKind::Tombstone);
    }
    Ok(EntityKind::named(&kind.entity).map_or(ItemKind::Other, ItemKind::Entity))
}

fn changed(kind: EntityKind, old: Option<&Item>, new: &Item) -> Result<Vec<Event>> {
    let Some(lifecycle) = EventType::of(kind) else {
        return Ok(Vec::new());
    };
    let after = view(kind, new)?;
    let Some(old) = old else {
        return Ok(vec![event(lifecycle.created, new, None, Some(after), Vec::new())?]);
    };
    let before = view(kind, old)?;
    // What is noted without another version, such as the day of a key's last use, is no change of the entity.
    if before["version"] == after["version"] {
        return Ok(Vec::new());
    }
    let names = changed_fields(&before, &after);
    EventType::of_change(kind, &before, &after)
        .into_iter()
        .map(|r#type| event(r#type, new, Some(before.clone()), Some(after.clone()), names.clone()))
        .collect()
}

/// An API key has no tombstone: TTL removes it, thirty days after its end, and nothing else does.
fn removed_by_ttl(old: &Item) -> Result<Vec<Event>> {
    let ItemKind::Entity(EntityKind::ApiKey) = kind_of(old)? else {
        return Ok(Vec::new());
    };
    let before = view(EntityKind::ApiKey, old)?;
    let mut event = event(EventType::ApiKeyDeleted, old, Some(before), None, Vec::new())?;
    event.version += 1;
    event.actor = Actor::system("time-to-live");
    Ok(vec![event])
}

fn deleted(tombstone: &Item) -> Result<Vec<Event>> {
    #[derive(Deserialize)]
    struct Tombstone {
        of: String,
        before: Value,
    }
    let deleted: Tombstone = read(tombstone)?;
    let Some((kind, lifecycle)) = EntityKind::named(&deleted.of).and_then(|kind| Some((kind, EventType::of(kind)?)))
    else {
        return Ok(Vec::new());
    };
    let before = shown(kind, deleted.before)?;
    Ok(vec![event(
        lifecycle.deleted,
        tombstone,
        Some(before),
        None,
        Vec::new(),
    )?])
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
        .ok_or_else(|| Error::Internal(format!("{} is nobody's partition", stamp.pk)))?;
    let key = after
        .as_ref()
        .or(before.as_ref())
        .and_then(|image| image["key"].as_str())
        .unwrap_or_default()
        .to_owned();
    Ok(Event {
        id: event_key(stamp.updated_at, &key, stamp.version, r#type.name()),
        r#type,
        time: stamp.updated_at,
        customer_key,
        client_key,
        entity: Subject {
            kind: r#type.entity().name().into(),
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

/// An image as the API shows it: what is not a field of the entity stays behind.
fn view(kind: EntityKind, item: &Item) -> Result<Value> {
    shown(kind, read(item)?)
}

fn shown(kind: EntityKind, image: Value) -> Result<Value> {
    fn as_entity<E: Entity>(image: Value) -> Result<Value> {
        let entity: E = serde_json::from_value(image).map_err(|e| Error::Internal(format!("a damaged image: {e}")))?;
        to_value(&entity)
    }
    match kind {
        EntityKind::Customer => as_entity::<Customer>(image),
        EntityKind::Client => as_entity::<Client>(image),
        EntityKind::Department => as_entity::<Department>(image),
        EntityKind::Location => as_entity::<Location>(image),
        EntityKind::Contact => as_entity::<Contact>(image),
        EntityKind::PartitionGroup => as_entity::<PartitionGroup>(image),
        EntityKind::Partition => as_entity::<Partition>(image),
        EntityKind::ApiKey => as_entity::<ApiKey>(image),
        EntityKind::Event => Err(Error::Internal(format!("{} has no view", kind.name()))),
    }
}

fn read<T: serde::de::DeserializeOwned>(item: &Item) -> Result<T> {
    serde_dynamo::from_item(item.clone()).map_err(|e| Error::Internal(format!("a damaged image: {e}")))
}
