//! The trigger behind every event.

pub mod publish_changes;

use runtime::Function;

pub const FUNCTIONS: &[Function] = &[Function::trigger::<publish_changes::PublishChanges>()];
