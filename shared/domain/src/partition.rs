//! A partition of a customer's data. API keys give access to one partition.

use crate::{
    Entity, EntityKind, Key, Kind, Meta, Part, PartitionGroupKey,
    fields::{Field, Rule},
    lifecycle::Lifecycle,
    partition_group::PartitionGroup,
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
    Field::new("key", Rule::Key(Partition::KIND), "").read_only().required(),
    Field::new(
        "name",
        Rule::Text { min: 1, max: 200 },
        "Unique, ignoring case, among the customer's partitions.",
    )
    .required(),
    Field::new(
        "environment",
        Rule::OneOf(ENVIRONMENTS),
        "It is part of the text of the partition's API keys, so it cannot be changed.",
    )
    .required()
    .fixed(),
    Field::new(
        "groupKey",
        Rule::Key(PartitionGroup::KIND),
        "Its group: a partition group of the same customer.",
    ),
    Field::new("description", Rule::Prose { max: 2000 }, "Free text."),
];

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

/// The filters of a list of partitions.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartitionFilter {
    pub group_key: Option<PartitionGroupKey>,
    pub environment: Option<Environment>,
}

pub type PartitionKey = Key<Partition>;

impl Kind for Partition {
    const KIND: EntityKind = EntityKind {
        name: "Partition",
        prefix: "ptn",
    };
}

impl Entity for Partition {
    const FIELDS: &'static [Field] = FIELDS;
    const NOUN: &'static str = "a partition";
    const PLURAL: &'static str = "partitions";
    const EVENTS: Lifecycle = crate::lifecycle!("CUSTOMER_PARTITION");
    const DELETION_NOTE: &'static str = "; its API keys stop working";

    fn key(&self) -> PartitionKey {
        self.key
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
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
