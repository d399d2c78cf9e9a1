//! A group of a customer's partitions.

use crate::{
    Entity, EntityKind, Key, Kind, Meta, Part,
    fields::{Field, Rule},
    lifecycle::Lifecycle,
};
use serde::{Deserialize, Serialize};

pub const FIELDS: &[Field] = &[
    Field::new("key", Rule::Key(PartitionGroup::KIND), "")
        .read_only()
        .required(),
    Field::new(
        "name",
        Rule::Text { min: 1, max: 200 },
        "Unique, ignoring case, among the customer's partition groups.",
    )
    .required(),
    Field::new("description", Rule::Prose { max: 2000 }, "Free text."),
];

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartitionGroup {
    pub key: PartitionGroupKey,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(flatten)]
    pub meta: Meta,
}

/// The filters of a list of partition groups.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PartitionGroupFilter {}

pub type PartitionGroupKey = Key<PartitionGroup>;

impl Kind for PartitionGroup {
    const KIND: EntityKind = EntityKind {
        name: "PartitionGroup",
        prefix: "pgr",
    };
}

impl Entity for PartitionGroup {
    const FIELDS: &'static [Field] = FIELDS;
    const NOUN: &'static str = "a partition group";
    const PLURAL: &'static str = "partitionGroups";
    const EVENTS: Lifecycle = crate::lifecycle!("CUSTOMER_PARTITION_GROUP");

    fn key(&self) -> PartitionGroupKey {
        self.key
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}

impl Part for PartitionGroup {
    type Filter = PartitionGroupFilter;
    const UNIQUE: Option<&str> = Some("name");
    const HAS_MEMBERS: bool = true;

    fn unique(&self) -> Option<&str> {
        Some(&self.name)
    }
}
