//! The registry of entities. Cascades, deletion previews, events and their schemas read it.
//!
//! A new entity needs its own file in `domain` and one line here. Without the line, code that writes the entity does not compile.

use crate::{
    Change,
    cascades::Cascades,
    keys::{CASCADE_PREFIX, DEACTIVATION_PREFIX},
};
use domain::{
    Entity, EntityKind, Error, Owner, Part, Result, View,
    api_key::ApiKey,
    client::Client,
    contact::Contact,
    customer::Customer,
    defect_of,
    department::Department,
    entity::to_value,
    fields::Field,
    lifecycle::{Lifecycle, Transition},
    location::Location,
    partition::Partition,
    partition_group::PartitionGroup,
};
use futures_util::future::BoxFuture;
use serde_json::Value;

/// An entity of the registry. Only registered entities can be written to the table.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not in the registry of entities",
    note = "add a line to `registry!` in shared/table/src/entities.rs"
)]
pub trait Registered: Entity {
    const ENTRY: Entry;
}

macro_rules! registry {
    ($($entity:ident: $place:ident,)*) => {
        $(impl Registered for $entity {
            const ENTRY: Entry = Entry::$place::<Self>();
        })*

        /// An entity comes after those that it refers to: cascades delete in reverse order.
        pub const ALL: &[Entry] = &[$($entity::ENTRY,)*];
    };
}

registry! {
    Customer: customer,
    Client: client,
    Department: part_of_customer_or_client,
    Location: part_of_customer_or_client,
    Contact: part_of_customer_or_client,
    PartitionGroup: part_of_customer,
    Partition: part_of_customer,
    ApiKey: part_of_partition,
}

/// The place of an entity's items, which decides the deletion that takes them along.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    Customer,
    /// Clients: deleted with their customer, as if by hand.
    Client,
    /// Parts of a customer or of a client: deleted with their owner.
    PartOfCustomerOrClient,
    /// Parts that only customers have: deleted with the customer.
    PartOfCustomer,
    /// Entities below a partition: API keys, which expire with it and are deleted by TTL.
    PartOfPartition,
}

/// An entity's entry in the registry.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub kind: EntityKind,
    pub noun: &'static str,
    pub plural: &'static str,
    pub place: Place,
    pub events: Lifecycle,
    pub transitions: &'static [Transition],
    pub deletion_note: &'static str,
    /// Whether it is deleted by TTL and by nothing else.
    pub expires: bool,
    /// The fields that answers and events show.
    pub fields: fn() -> Vec<Field>,
    /// Reduces the image of an item to the entity's fields.
    pub view: fn(Value) -> Result<Value>,
    pub(crate) delete_page: Option<DeletePage>,
}

/// Deletes a page of an owner's parts of one kind. The result is whether there were any.
pub(crate) type DeletePage = for<'a> fn(&'a Cascades<'a>, Owner, &'a Change) -> BoxFuture<'a, Result<bool>>;

impl Entry {
    const fn of<E: Entity>(place: Place, delete_page: Option<DeletePage>) -> Self {
        Self {
            kind: E::KIND,
            noun: E::NOUN,
            plural: E::PLURAL,
            place,
            events: E::EVENTS,
            transitions: E::TRANSITIONS,
            deletion_note: E::DELETION_NOTE,
            expires: E::EXPIRES,
            fields: E::fields,
            view: |image| {
                let entity: E = serde_json::from_value(image)
                    .map_err(|e| Error::Internal(format!("a damaged image: {}", defect_of(&e))))?;
                to_value(&entity)
            },
            delete_page,
        }
    }

    const fn customer<E: Entity>() -> Self {
        Self::of::<E>(Place::Customer, None)
    }

    const fn client<E: Entity>() -> Self {
        Self::of::<E>(Place::Client, None)
    }

    pub const fn part_of_customer_or_client<P: Part + Registered>() -> Self {
        Self::of::<P>(Place::PartOfCustomerOrClient, Some(delete_page::<P>()))
    }

    pub const fn part_of_customer<P: Part + Registered>() -> Self {
        Self::of::<P>(Place::PartOfCustomer, Some(delete_page::<P>()))
    }

    const fn part_of_partition<E: Entity>() -> Self {
        Self::of::<E>(Place::PartOfPartition, None)
    }
}

const fn delete_page<P: Part + Registered>() -> DeletePage {
    |cascades, owner, change| Box::pin(cascades.delete_page::<P>(owner, change))
}

/// Items that a customer has beside its entities. They are deleted with it and have no events.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    /// The value of their attribute `entity`.
    pub name: &'static str,
    /// Their sort keys start with this.
    pub prefix: &'static str,
    /// Their name in the counts of previews, if previews count them.
    pub plural: Option<&'static str>,
    pub description: &'static str,
}

/// An entry of the deactivation log.
pub const DEACTIVATION: Record = Record {
    name: "Deactivation",
    prefix: DEACTIVATION_PREFIX,
    plural: Some("deactivations"),
    description: "Entries of the deactivation log.",
};

/// The progress of a client's cascade.
pub const CASCADE: Record = Record {
    name: "Cascade",
    prefix: CASCADE_PREFIX,
    plural: None,
    description: "",
};

pub const RECORDS: &[Record] = &[DEACTIVATION, CASCADE];

#[cfg(test)]
mod tests {
    use super::*;
    use domain::fields::Rule;
    use std::collections::BTreeSet;

    fn unique(what: &str, values: impl IntoIterator<Item = &'static str>) {
        let mut seen = BTreeSet::new();
        for value in values {
            assert!(seen.insert(value), "two have the {what} {value}");
        }
    }

    #[test]
    fn no_two_entries_share_a_name() {
        unique(
            "name",
            ALL.iter()
                .map(|entry| entry.kind.name)
                .chain(RECORDS.iter().map(|record| record.name)),
        );
        unique("prefix", ALL.iter().map(|entry| entry.kind.prefix));
        unique(
            "plural",
            ALL.iter()
                .map(|entry| entry.plural)
                .chain(RECORDS.iter().filter_map(|record| record.plural)),
        );
        unique(
            "event",
            ALL.iter().flat_map(|entry| {
                let Lifecycle {
                    created,
                    updated,
                    deleted,
                } = entry.events;
                let beside = entry.transitions.iter().map(|transition| transition.event);
                [created, updated, deleted].into_iter().chain(beside)
            }),
        );
    }

    /// The sort keys of other items in the same partition.
    #[test]
    fn no_entity_has_the_sort_key_of_other_items() {
        for entry in ALL {
            for taken in [
                "CODE",
                "MEMBERS",
                "DELETED",
                "CASCADE",
                "DEACTIVATION",
                "HEADQUARTERS",
                "LOGO",
                "CUSTOMER",
            ] {
                assert!(!taken.eq_ignore_ascii_case(entry.kind.prefix), "{taken}");
            }
        }
    }

    #[test]
    fn parts_come_after_those_that_they_refer_to() {
        let parts: Vec<&Entry> = ALL.iter().filter(|entry| entry.delete_page.is_some()).collect();
        for (index, part) in parts.iter().enumerate() {
            for field in (part.fields)() {
                let Rule::Key(kind) = field.rule else { continue };
                let later = parts[index + 1..].iter().any(|other| other.kind == kind);
                assert!(!later, "{} is deleted after {}", part.kind.name, kind.name);
            }
        }
    }
}
