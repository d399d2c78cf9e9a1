//! A request and everything that it leads to: events, tasks, further writes.

mod api_keys;
mod cascades;
mod disorder;
mod headquarters;
mod logos;
mod lost_answers;
mod registry;
mod tracing;
