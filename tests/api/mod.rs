//! Endpoints, called in process.

mod access;
mod api_keys;
mod bodies;
mod clients;
mod created;
mod cursors;
mod customers;
mod etags;
mod heads;
mod idempotency;
mod locations;
mod logo;
mod partitions;
mod problems;
mod replays;
mod requests;
mod secrets;
mod structure;
mod text;
mod tokens;
mod unknown_routes;
