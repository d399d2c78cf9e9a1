//! From a request to what comes of it.

mod disorder;
mod headquarters;
mod tracing;
