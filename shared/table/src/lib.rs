//! The table: keys, items, and one repository for each kind of entity. Only this package uses DynamoDB.

pub mod api_keys;
mod attempt;
pub mod audit;
pub mod cascades;
pub mod change;
pub mod clients;
pub mod cursor;
pub mod customers;
pub mod entities;
mod expression;
pub mod hierarchy;
mod in_place;
pub mod item;
pub mod keys;
pub mod logos;
pub mod operation;
pub mod parts;
mod query;
mod read;
mod step;
mod stored;
pub mod tenants;
mod views;
pub mod write;

pub use change::{Change, IdempotencyKey};
pub use cursor::{Cursors, PageRequest};
pub use operation::{Action, Grant, Operation};
pub use step::Step;

use aws_sdk_dynamodb::Client;

/// The table. Repositories borrow it.
#[derive(Clone, Debug)]
pub struct Table {
    pub client: Client,
    pub name: String,
    /// The number of partitions of the list of all customers: see `keys::customer_list`.
    pub list_shards: u8,
}

impl Table {
    pub fn customers(&self) -> customers::Customers<'_> {
        customers::Customers(self)
    }

    pub fn audit(&self) -> audit::Audit<'_> {
        audit::Audit(self)
    }
}
