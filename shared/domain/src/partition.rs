//! A partition of a customer's data, which API keys open.

use crate::{
    Entity, EntityKind, FieldError, Meta, Part, PartitionGroupKey, PartitionKey,
    entity::META_FIELDS,
    fields::{Field, Rule},
    key,
};
use serde::{Deserialize, Serialize};

pub const ENVIRONMENTS: &[&str] = &["dev", "qa", "prod", "demo"];

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    Dev,
    Qa,
    Prod,
    Demo,
}

impl Environment {
    pub const ALL: [Self; 4] = [Self::Dev, Self::Qa, Self::Prod, Self::Demo];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Qa => "qa",
            Self::Prod => "prod",
            Self::Demo => "demo",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|environment| environment.name() == name)
    }
}

pub const FIELDS: &[Field] = &[
    Field::new("key", Rule::Key(EntityKind::Partition), "")
        .read_only()
        .required(),
    Field::new("name", Rule::Text { min: 1, max: 200 }, "Unique in the customer.").required(),
    Field::new(
        "environment",
        Rule::OneOf(ENVIRONMENTS),
        "The partition's keys have it in their text, so it never changes.",
    )
    .required()
    .fixed(),
    Field::new(
        "groupKey",
        Rule::Key(EntityKind::PartitionGroup),
        "The group it is in, one of the same customer's.",
    ),
    Field::new("description", Rule::Prose { max: 2000 }, ""),
];

/// As the API shows it.
pub fn view_fields() -> Vec<Field> {
    [FIELDS, META_FIELDS].concat()
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Partition {
    pub key: PartitionKey,
    pub name: String,
    pub environment: Environment,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_key: Option<PartitionGroupKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(flatten)]
    pub meta: Meta,
}

/// What a list of partitions may be filtered by.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartitionFilter {
    pub group_key: Option<PartitionGroupKey>,
    pub environment: Option<Environment>,
}

impl Entity for Partition {
    type Kind = key::Partition;
    const FIELDS: &'static [Field] = FIELDS;

    fn key(&self) -> PartitionKey {
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

impl Part for Partition {
    type Filter = PartitionFilter;
    const UNIQUE: Option<&str> = Some("name");
    const IS_GROUPED: bool = true;

    fn unique(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn group(&self) -> Option<PartitionGroupKey> {
        self.group_key
    }
}
