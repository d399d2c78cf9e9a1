//! Domain events, and how they are derived from the table's stream.

pub mod event;
pub mod event_type;
pub mod from_stream;

pub use event::Event;
pub use event_type::EventType;
pub use from_stream::events_of;
