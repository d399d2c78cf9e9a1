//! Rules that hold whatever comes: random histories against a simple model.

mod hierarchies;
mod patching;
