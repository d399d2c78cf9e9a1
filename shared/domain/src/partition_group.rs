//! A group of a customer's partitions.

use crate::{
    Entity, EntityKind, FieldError, Meta, Part, PartitionGroupKey,
    entity::META_FIELDS,
    fields::{Field, Rule},
    key,
};
use serde::{Deserialize, Serialize};

pub const FIELDS: &[Field] = &[
    Field::new("key", Rule::Key(EntityKind::PartitionGroup), "")
        .read_only()
        .required(),
    Field::new("name", Rule::Text { min: 1, max: 200 }, "Unique in the customer.").required(),
    Field::new("description", Rule::Prose { max: 2000 }, ""),
];

/// As the API shows it.
pub fn view_fields() -> Vec<Field> {
    [FIELDS, META_FIELDS].concat()
}

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

/// What a list of partition groups may be filtered by.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PartitionGroupFilter {}

impl Entity for PartitionGroup {
    type Kind = key::PartitionGroup;
    const FIELDS: &'static [Field] = FIELDS;

    fn key(&self) -> PartitionGroupKey {
        self.key
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn check(&self, _: &mut Vec<FieldError>) {}
}

impl Part for PartitionGroup {
    type Filter = PartitionGroupFilter;
    const UNIQUE: Option<&str> = Some("name");
    const HAS_MEMBERS: bool = true;

    fn unique(&self) -> Option<&str> {
        Some(&self.name)
    }
}
