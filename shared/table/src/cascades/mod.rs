//! Cascades: the consequences of a change, worked off by tasks after its event. They work in pages, in any order, any number of times.
//!
//! No step relies on the contents of an event. Each reads the current state and writes its consequences, on condition that the state has
//! not changed. So late and repeated deliveries lead to the same result. Entities store why they are disabled, so that enabling removes one
//! reason only.

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

/// How many entities one step handles at most.
const PAGE: u8 = 100;

/// The most entities of one kind that a customer has: what the service is built for.
const LARGEST: u32 = 1_000_000;

/// The most steps that one event may take: a step handles a page of one kind of entity or record. A longer chain of steps is a fault.
pub const MOST_STEPS: u32 = LARGEST / PAGE as u32 * (entities::ALL.len() + entities::RECORDS.len()) as u32;

/// How many of them one transaction handles: it is limited to 100 writes, and a deletion takes up to five.
const AT_ONCE: usize = 20;

pub struct Cascades<'t> {
    table: &'t Table,
    entries: &'t [Entry],
}

impl Table {
    pub fn cascades(&self) -> Cascades<'_> {
        self.cascades_of(entities::ALL)
    }

    /// Cascades over another registry than the service's.
    pub fn cascades_of<'t>(&'t self, entries: &'t [Entry]) -> Cascades<'t> {
        Cascades { table: self, entries }
    }
}

/// Any failed condition means that something has changed: there is another attempt.
fn error_of(failed: Failed) -> Error {
    match failed {
        Failed::Condition(..) => Error::VersionMismatch { current: 0 },
        Failed::Other(error) => error,
    }
}
