//! Lambda: runs the functions' binaries as processes that use the Runtime API.

pub mod invoke_api;
pub mod leftovers;
pub mod log;
mod outcome;
mod pool;
mod process;
mod runtime_api;
mod service;
mod trace;

pub use outcome::Outcome;
pub use pool::Slot;
pub use service::{Lambda, Settings};
pub use trace::{HEADER as TRACE_HEADER, Trace};

#[cfg(test)]
pub(crate) mod tests;
