//! The grants that each function has used, over all tests of this process.

use runtime::{Function, Grant};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
    time::Instant,
};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Use {
    Table(Grant),
    /// An action on the objects of a folder.
    Objects(&'static str, &'static str),
}

struct Noted {
    by_function: BTreeMap<&'static str, BTreeSet<Use>>,
    last: Option<Instant>,
}

static NOTED: Mutex<Noted> = Mutex::new(Noted {
    by_function: BTreeMap::new(),
    last: None,
});

pub fn note(function: &Function, uses: impl IntoIterator<Item = Use>) {
    let mut noted = NOTED.lock().unwrap();
    noted.by_function.entry(function.name()).or_default().extend(uses);
    noted.last = Some(Instant::now());
}

/// When a test last ran a function.
pub fn last_noted() -> Option<Instant> {
    NOTED.lock().unwrap().last
}

/// The grants of a function that no test has used so far.
pub fn unused(function: &Function) -> Vec<Use> {
    let noted = NOTED.lock().unwrap();
    let used = noted.by_function.get(function.name());
    let objects = function.objects().iter();
    let objects = objects.flat_map(|grant| grant.actions.iter().map(|action| Use::Objects(action, grant.folder)));
    let granted = function.grants().into_iter().map(Use::Table).chain(objects);
    granted
        .filter(|grant| !used.is_some_and(|used| used.contains(grant)))
        .collect()
}
