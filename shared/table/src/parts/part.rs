//! The rules in which the kinds differ.

use crate::keys::{self, ItemKey};
use domain::{
    Entity, LocationKey, Owner, PartitionGroupKey, contact::Contact, department::Department, location::Location,
    partition::Partition, partition_group::PartitionGroup,
};

/// What the kinds differ in.
pub trait Part: Entity {
    /// The field that is unique among its owner's things of this kind, if there is one.
    const UNIQUE: Option<&str> = Some("internalCode");
    /// Whether one of its owner's things of this kind may be the headquarters.
    const HAS_HEADQUARTERS: bool = false;
    /// Whether it may be in a group, which counts its members.
    const IS_GROUPED: bool = false;
    /// Whether it is a group, which can only be deleted when it is empty.
    const HAS_MEMBERS: bool = false;

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

    /// Where its members are counted, if it has any.
    fn members(&self, _: Owner) -> Option<ItemKey> {
        None
    }
}

impl Part for Department {
    fn unique(&self) -> Option<&str> {
        self.internal_code.as_deref()
    }
}

impl Part for Location {
    const HAS_HEADQUARTERS: bool = true;

    fn unique(&self) -> Option<&str> {
        self.internal_code.as_deref()
    }

    fn is_headquarters(&self) -> bool {
        self.is_headquarters
    }
}

impl Part for PartitionGroup {
    const UNIQUE: Option<&str> = Some("name");
    const HAS_MEMBERS: bool = true;

    fn unique(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn members(&self, owner: Owner) -> Option<ItemKey> {
        Some(keys::members(owner, self.key))
    }
}

impl Part for Partition {
    const UNIQUE: Option<&str> = Some("name");
    const IS_GROUPED: bool = true;

    fn unique(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn group(&self) -> Option<PartitionGroupKey> {
        self.group_key
    }
}

impl Part for Contact {
    const UNIQUE: Option<&str> = None;

    fn location(&self) -> Option<LocationKey> {
        self.location_key
    }
}
