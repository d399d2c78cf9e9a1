//! EventBridge: buses, rules and event patterns.

mod bus;
mod manage;
pub mod pattern;
mod rules;
pub mod wire;

pub use bus::{EventBus, Past};

#[cfg(test)]
mod tests;
