//! Parts: entities that belong directly to a customer or to one of its clients.

use crate::{Entity, LocationKey, PartitionGroupKey};
use serde::Serialize;

/// The rules by which kinds of parts differ.
pub trait Part: Entity {
    /// The filter of its list: each given field must equal the part's.
    type Filter: Serialize + Send + Sync;

    /// The field that is unique among its owner's parts of this kind, if there is one.
    const UNIQUE: Option<&str> = None;
    /// Whether one of its owner's parts of this kind may be the headquarters.
    const HAS_HEADQUARTERS: bool = false;
    /// Whether it may be in a group, which counts its members.
    const IS_GROUPED: bool = false;
    /// Whether it is a group. A group can only be deleted when it is empty.
    const HAS_MEMBERS: bool = false;

    /// The value of its unique field.
    fn unique(&self) -> Option<&str> {
        None
    }

    fn is_headquarters(&self) -> bool {
        false
    }

    /// The location of the same owner that it points at.
    fn location(&self) -> Option<LocationKey> {
        None
    }

    /// The group of the same owner that it is in.
    fn group(&self) -> Option<PartitionGroupKey> {
        None
    }
}
