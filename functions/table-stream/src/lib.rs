//! The trigger that publishes every event, and the replay of what it gave up.

mod kept;
pub mod publish_changes;
pub mod replay_stream_failures;

use runtime::{Area, Function};

pub const AREA: Area = Area {
    name: "table-stream",
    summary: "The trigger that turns changes of the table into events.",
    functions: &[
        Function::trigger::<publish_changes::PublishChanges>(),
        Function::standalone::<replay_stream_failures::ReplayStreamFailures>(),
    ],
};
