//! Endpoints, called in process.

mod customers;
