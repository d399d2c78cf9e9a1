//! The trigger that publishes every event.

pub mod publish_changes;

use runtime::{Area, Function};

pub const AREA: Area = Area {
    name: "table-stream",
    summary: "The trigger that turns changes of the table into events.",
    functions: &[Function::trigger::<publish_changes::PublishChanges>()],
};
