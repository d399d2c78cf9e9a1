//! A department of a customer or client.

use crate::{
    Entity, EntityKind, Key, Kind, Meta, Part,
    fields::{Field, Rule},
    lifecycle::Lifecycle,
};
use serde::{Deserialize, Serialize};

pub const FIELDS: &[Field] = &[
    Field::new("key", Rule::Key(Department::KIND), "")
        .read_only()
        .required(),
    Field::new("name", Rule::Text { min: 1, max: 200 }, "Display name.").required(),
    Field::new(
        "internalCode",
        Rule::Text { min: 1, max: 100 },
        "The department's code in another system. Unique, ignoring case, among the departments of the customer or client.",
    ),
    Field::new(
        "isActive",
        Rule::Flag,
        "Whether it is in use. Lists can be narrowed by it.",
    )
    .default("true"),
    Field::new("description", Rule::Prose { max: 2000 }, "Free text."),
];

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Department {
    pub key: DepartmentKey,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub internal_code: Option<String>,
    pub is_active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(flatten)]
    pub meta: Meta,
}

/// The filters of a list of departments.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DepartmentFilter {
    pub is_active: Option<bool>,
    pub internal_code: Option<String>,
}

pub type DepartmentKey = Key<Department>;

impl Kind for Department {
    const KIND: EntityKind = EntityKind {
        name: "Department",
        prefix: "dep",
    };
}

impl Entity for Department {
    const FIELDS: &'static [Field] = FIELDS;
    const NOUN: &'static str = "a department";
    const PLURAL: &'static str = "departments";
    const EVENTS: Lifecycle = crate::lifecycle!("CUSTOMER_DEPARTMENT");

    fn key(&self) -> DepartmentKey {
        self.key
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}

impl Part for Department {
    type Filter = DepartmentFilter;
    const UNIQUE: Option<&str> = Some("internalCode");

    fn unique(&self) -> Option<&str> {
        self.internal_code.as_deref()
    }
}
