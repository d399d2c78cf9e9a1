//! The declarations and what is generated from them, held to each other.

mod functions;
mod generated;
mod logs;
