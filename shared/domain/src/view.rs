//! The bodies of the API's answers, each under the name and with the fields that the OpenAPI document gives it.

use crate::{
    Entity,
    api_key::{self, ApiKey},
    audit::{self, AuditEntry},
    client::{self, Cascade, Client},
    contact::{self, Contact},
    customer::{self, Customer},
    deactivation::{self, LoggedDeactivation},
    department::{self, Department},
    fields::Field,
    location::{self, Location},
    partition::{self, Partition},
    partition_group::{self, PartitionGroup},
};
use serde::Serialize;

pub trait View: Serialize + Send {
    /// Its schema's name.
    const NAME: &'static str;

    fn fields() -> Vec<Field>;

    /// Sent as the `ETag`: the version of the entity that it shows, if it shows one.
    fn version(&self) -> Option<u64> {
        None
    }
}

macro_rules! entity_views {
    ($($entity:ident $name:literal $fields:path,)*) => {$(
        impl View for $entity {
            const NAME: &'static str = $name;

            fn fields() -> Vec<Field> {
                $fields()
            }

            fn version(&self) -> Option<u64> {
                Some(self.meta().version)
            }
        }
    )*};
}

entity_views! {
    Customer "Customer" customer::view_fields,
    Client "Client" client::view_fields,
    Department "Department" department::view_fields,
    Location "Location" location::view_fields,
    Contact "Contact" contact::view_fields,
    PartitionGroup "PartitionGroup" partition_group::view_fields,
    Partition "Partition" partition::view_fields,
    ApiKey "ApiKey" api_key::view_fields,
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
