//! SQS: standard queues, kept in the store.

mod attributes;
mod dead_letters;
mod error;
mod message;
mod queue;
mod queues;
mod requests;
mod service;
mod settings;
pub mod wire;

pub use attributes::{Attribute, Attributes};
pub use dead_letters::NO_SOURCE;
pub use error::SqsError;
pub use message::{Message, Outgoing};
pub use queues::Depth;
pub use service::Sqs;

#[cfg(test)]
mod tests;
