//! The bodies of the API's answers, with their names and fields in the OpenAPI document.

use crate::{
    Entity, Object,
    audit::{self, AuditEntry},
    deactivation::{self, LoggedDeactivation},
    entity::META_FIELDS,
    fields::Field,
    logo::{self, ShownLogo},
};
use serde::Serialize;

pub trait View: Serialize + Send {
    /// The name of its schema.
    const NAME: &'static str;

    /// If not empty, the body is one of these objects, and `fields` is not read.
    const VARIANTS: &'static [&'static Object] = &[];
    /// Whether `version` is `Some`.
    const IS_VERSIONED: bool = false;

    fn fields() -> Vec<Field>;

    /// The key of the entity that it shows, if it shows one.
    fn key(&self) -> Option<String> {
        None
    }

    /// The version of the entity that it shows, if it shows one. It is sent as the `ETag`.
    fn version(&self) -> Option<u64> {
        None
    }
}

impl<E: Entity> View for E {
    const NAME: &'static str = E::KIND.name;
    const IS_VERSIONED: bool = true;

    fn fields() -> Vec<Field> {
        [E::FIELDS, META_FIELDS].concat()
    }

    fn key(&self) -> Option<String> {
        Some(Entity::key(self).to_string())
    }

    fn version(&self) -> Option<u64> {
        Some(self.meta().version)
    }
}

impl View for ShownLogo {
    const NAME: &'static str = "ShownLogo";
    const IS_VERSIONED: bool = true;

    fn fields() -> Vec<Field> {
        logo::OBJECT.fields.iter().map(|field| field.required()).collect()
    }

    fn version(&self) -> Option<u64> {
        Some(self.version)
    }
}

impl View for LoggedDeactivation {
    const NAME: &'static str = "Deactivation";

    fn fields() -> Vec<Field> {
        deactivation::LOG.to_vec()
    }
}

impl View for AuditEntry {
    const NAME: &'static str = "AuditEntry";
    const VARIANTS: &'static [&'static Object] = audit::VARIANTS;

    fn fields() -> Vec<Field> {
        Vec::new()
    }
}
