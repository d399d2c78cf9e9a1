//! The types of events. Each entity of the table's registry has its own.

use domain::{EntityKind, lifecycle::Transition};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::Value;
use std::fmt;
use table::entities::{self, Entry, Registered};

#[derive(Clone, Copy)]
pub struct EventType {
    name: &'static str,
    entry: &'static Entry,
    transition: Option<&'static Transition>,
}

impl EventType {
    pub const ALL: &[Self] = &all::<{ count() }>();

    pub const fn created<E: Registered>() -> Self {
        Self::of_lifecycle(const { &E::ENTRY }, E::EVENTS.created)
    }

    pub const fn updated<E: Registered>() -> Self {
        Self::of_lifecycle(const { &E::ENTRY }, E::EVENTS.updated)
    }

    pub const fn deleted<E: Registered>() -> Self {
        Self::of_lifecycle(const { &E::ENTRY }, E::EVENTS.deleted)
    }

    /// The event of a transition of `E`.
    pub const fn of<E: Registered>(transition: &'static Transition) -> Self {
        Self::of_transition(const { &E::ENTRY }, transition)
    }

    const fn of_lifecycle(entry: &'static Entry, name: &'static str) -> Self {
        Self {
            name,
            entry,
            transition: None,
        }
    }

    const fn of_transition(entry: &'static Entry, transition: &'static Transition) -> Self {
        Self {
            name: transition.event,
            entry,
            transition: Some(transition),
        }
    }

    pub(crate) const fn creation_of(entry: &'static Entry) -> Self {
        Self::of_lifecycle(entry, entry.events.created)
    }

    pub(crate) const fn deletion_of(entry: &'static Entry) -> Self {
        Self::of_lifecycle(entry, entry.events.deleted)
    }

    /// The events of a change: the update's, and those of its transitions.
    pub(crate) fn of_change(entry: &'static Entry, before: &Value, after: &Value) -> Vec<Self> {
        let update = Self::of_lifecycle(entry, entry.events.updated);
        let transitions = entry
            .transitions
            .iter()
            .filter(|transition| (transition.happened)(before, after))
            .map(|transition| Self::of_transition(entry, transition));
        [update].into_iter().chain(transitions).collect()
    }

    pub const fn name(self) -> &'static str {
        self.name
    }

    pub const fn entity(self) -> EntityKind {
        self.entry.kind
    }

    pub(crate) const fn entry(self) -> &'static Entry {
        self.entry
    }

    pub const fn transition(self) -> Option<&'static Transition> {
        self.transition
    }

    pub fn is_creation(self) -> bool {
        self.name == self.entry.events.created
    }

    pub fn is_deletion(self) -> bool {
        self.name == self.entry.events.deleted
    }

    pub fn summary(self) -> String {
        let Entry {
            noun,
            events,
            deletion_note,
            ..
        } = self.entry;
        if let Some(transition) = self.transition {
            return format!("Beside {}: {}.", events.updated, transition.summary);
        }
        let happened = match self.name {
            name if name == events.created => "was created.".to_owned(),
            name if name == events.deleted => format!("was deleted{deletion_note}."),
            _ => "changed; `changed` names the fields.".to_owned(),
        };
        let (first, rest) = noun.split_at(1);
        format!("{}{rest} {happened}", first.to_uppercase())
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|event| event.name == name)
    }
}

impl PartialEq for EventType {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for EventType {}

impl fmt::Debug for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Serialize for EventType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

impl<'de> Deserialize<'de> for EventType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::named(&name).ok_or_else(|| D::Error::custom(format!("{name} is not an event")))
    }
}

const fn count() -> usize {
    let mut count = 0;
    let mut entry = 0;
    while entry < entities::ALL.len() {
        count += 3 + entities::ALL[entry].transitions.len();
        entry += 1;
    }
    count
}

const fn all<const COUNT: usize>() -> [EventType; COUNT] {
    let mut all = [EventType::creation_of(&entities::ALL[0]); COUNT];
    let mut at = 0;
    let mut next = 0;
    while next < entities::ALL.len() {
        let entry = &entities::ALL[next];
        all[at] = EventType::creation_of(entry);
        all[at + 1] = EventType::of_lifecycle(entry, entry.events.updated);
        all[at + 2] = EventType::deletion_of(entry);
        at += 3;
        let mut transition = 0;
        while transition < entry.transitions.len() {
            all[at] = EventType::of_transition(entry, &entry.transitions[transition]);
            at += 1;
            transition += 1;
        }
        next += 1;
    }
    all
}
