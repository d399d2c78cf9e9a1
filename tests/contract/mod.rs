//! Contract tests: the declarations, the generated files and the log lines match.

mod functions;
mod generated;
mod links;
mod logs;
