//! Endpoints, called in process.

mod access;
mod bodies;
mod cursors;
mod customers;
mod etags;
mod idempotency;
mod locations;
mod problems;
mod requests;
mod secrets;
mod tokens;
