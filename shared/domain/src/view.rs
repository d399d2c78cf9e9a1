//! The bodies of the API's answers, with their names and fields in the OpenAPI document.

use crate::{
    Entity,
    audit::{self, AuditEntry},
    client::{self, Cascade, Client},
    deactivation::{self, LoggedDeactivation},
    entity::META_FIELDS,
    fields::Field,
};
use serde::Serialize;

pub trait View: Serialize + Send {
    /// The name of its schema.
    const NAME: &'static str;

    fn fields() -> Vec<Field>;

    /// Whether it shows one entity: with a key and a version.
    const IS_ENTITY: bool = false;

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

    fn fields() -> Vec<Field> {
        [E::FIELDS, META_FIELDS].concat()
    }

    const IS_ENTITY: bool = true;

    fn key(&self) -> Option<String> {
        Some(Entity::key(self).to_string())
    }

    fn version(&self) -> Option<u64> {
        Some(self.meta().version)
    }
}

/// A client, with the progress of its cascade while there is one.
#[derive(Serialize)]
pub struct ClientDetail {
    #[serde(flatten)]
    pub client: Client,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cascade: Option<Cascade>,
}

impl View for ClientDetail {
    const NAME: &'static str = "ClientDetail";

    fn fields() -> Vec<Field> {
        client::detail_fields()
    }

    const IS_ENTITY: bool = true;

    fn key(&self) -> Option<String> {
        View::key(&self.client)
    }

    fn version(&self) -> Option<u64> {
        self.client.version()
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

    fn fields() -> Vec<Field> {
        audit::FIELDS.to_vec()
    }
}
