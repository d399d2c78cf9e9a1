//! What follows from a change by way of its event: a page at a time, in any order, any number of times.
//!
//! Nothing here applies an event. Each step reads what is so now and writes what follows from that, on the condition that it is still so:
//! whichever delivery comes last, late or twice, the end is the same. What is disabled keeps apart why, so enabling lifts one reason only.

mod account_state;
mod client_state;
mod deletion;
mod preview;

pub use preview::{DeletionPreview, preview_fields};

use crate::{
    Table,
    entities::{self, Entry},
    write::Failed,
};
use domain::Error;

/// How many things one invocation deals with at most.
const PAGE: u8 = 100;

/// How many of them one transaction takes: it holds 100 writes, and a deletion is up to five.
const AT_ONCE: usize = 20;

pub struct Cascades<'t> {
    table: &'t Table,
    entries: &'t [Entry],
}

impl Table {
    pub fn cascades(&self) -> Cascades<'_> {
        self.cascades_of(entities::ALL)
    }

    /// Cascades over other entities than the service's own.
    pub fn cascades_of<'t>(&'t self, entries: &'t [Entry]) -> Cascades<'t> {
        Cascades { table: self, entries }
    }
}

/// Any failed condition of a cascade's write: something has changed since it was read, and is read again.
fn changed_since(failed: Failed) -> Error {
    match failed {
        Failed::Condition(..) => Error::VersionMismatch { current: 0 },
        Failed::Other(error) => error,
    }
}
