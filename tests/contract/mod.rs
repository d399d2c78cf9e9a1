//! The declarations, compared with each other and with the files generated from them.

mod functions;
mod generated;
mod links;
mod logs;
mod runbooks;
mod template;
