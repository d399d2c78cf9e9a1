//! From a request to what comes of it.

mod api_keys;
mod cascades;
mod disorder;
mod headquarters;
mod logos;
mod registry;
mod tracing;
