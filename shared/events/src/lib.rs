//! Domain events: what they are, and how a pair of images from the table's stream becomes them.

pub mod event;
pub mod event_type;
pub mod from_stream;

pub use event::Event;
pub use event_type::EventType;
pub use from_stream::events_of;
