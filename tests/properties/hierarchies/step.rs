//! The steps of a history: requests of every kind, and what happens to their events.

use proptest::{prelude::*, sample::Index};
use serde_json::Value;

#[derive(Clone, Debug)]
pub enum Step {
    NewClient {
        of: Index,
        with_account: bool,
    },
    NewPart {
        of: Index,
        kind: usize,
    },
    DeletePart(Index),
    Provision(Index),
    Dissociate(Index),
    Disable(Index),
    Enable(Index),
    DeleteClient(Index),
    Deactivate(Index, By),
    Reactivate(Index, By),
    DeleteCustomer(Index),
    /// Runs the trigger on the new records of the stream.
    Trigger,
    /// Delivers one waiting message.
    Deliver(Index),
    /// Delivers one message again.
    Repeat(Index),
    /// Delivers one message, and the task is killed before it sends itself the next page.
    Crash(Index),
}

/// The capacity in which a customer is deactivated or reactivated, the lowest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum By {
    Itself,
    Parent,
    Platform,
}

impl By {
    const ALL: [Self; 3] = [Self::Itself, Self::Parent, Self::Platform];

    pub fn name(self) -> &'static str {
        match self {
            Self::Itself => "Self",
            Self::Parent => "Parent",
            Self::Platform => "Platform",
        }
    }

    pub fn named(name: &Value) -> Self {
        Self::ALL.into_iter().find(|by| by.name() == name).unwrap()
    }
}

fn by() -> impl Strategy<Value = By> {
    prop_oneof![1 => Just(By::Itself), 1 => Just(By::Parent), 2 => Just(By::Platform)]
}

pub fn step() -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    prop_oneof![
        4 => (index(), prop::bool::weighted(0.7)).prop_map(|(of, with_account)| Step::NewClient { of, with_account }),
        2 => (index(), 0..3usize).prop_map(|(of, kind)| Step::NewPart { of, kind }),
        1 => index().prop_map(Step::DeletePart),
        1 => index().prop_map(Step::Provision),
        1 => index().prop_map(Step::Dissociate),
        2 => index().prop_map(Step::Disable),
        2 => index().prop_map(Step::Enable),
        1 => index().prop_map(Step::DeleteClient),
        2 => (index(), by()).prop_map(|(of, by)| Step::Deactivate(of, by)),
        2 => (index(), by()).prop_map(|(of, by)| Step::Reactivate(of, by)),
        1 => index().prop_map(Step::DeleteCustomer),
        4 => Just(Step::Trigger),
        6 => index().prop_map(Step::Deliver),
        2 => index().prop_map(Step::Repeat),
        1 => index().prop_map(Step::Crash),
    ]
}
