//! S3: the buckets of the template, with their objects in the store, and the distribution in front of one bucket.
//!
//! The crate s3s implements the protocol: XML, signatures, presigned URLs and chunked uploads. `objects` stores the objects,
//! and `operations` connects the two. A URL has the bucket in its path: SDKs put it there if the host is an IP address.

mod cdn;
mod conditions;
mod cors;
mod description;
mod objects;
mod operations;
mod permissions;
mod refusal;
mod service;
mod signature;
mod tags;
mod upload;

pub use permissions::Permissions;
pub use service::{S3, SECRET_ACCESS_KEY};

#[cfg(test)]
mod tests;
