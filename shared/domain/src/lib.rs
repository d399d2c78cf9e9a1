//! The service's entities, their rules and its errors. No I/O, no AWS, no HTTP: everything here is a value or a pure function.

pub mod access;
pub mod address;
pub mod api_key;
pub mod audit;
pub mod business;
pub mod client;
pub mod code;
pub mod contact;
pub mod country;
pub mod customer;
pub mod deactivation;
pub mod department;
pub mod entity;
pub mod error;
pub mod fields;
pub mod formats;
pub mod key;
pub mod location;
pub mod logo;
pub mod merge_patch;
pub mod part;
pub mod partition;
pub mod partition_group;
pub mod plaintext;
pub mod schema;
pub mod time;
pub mod view;

pub use access::{Actor, Owner, Permission, Platform, Role, Tenant};
pub use code::Code;
pub use entity::{Entity, Meta};
pub use error::{Error, FieldError, Replay, Result};
pub use key::{
    ApiKeyId, ClientKey, ContactKey, CustomerKey, DepartmentKey, EntityKind, EventKey, LocationKey, PartitionGroupKey,
    PartitionKey,
};
pub use part::Part;
pub use time::Timestamp;
pub use view::View;
