//! The declarations, held to each other.

mod functions;
