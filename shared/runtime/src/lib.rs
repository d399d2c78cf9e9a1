//! Turns endpoints, tasks, triggers and standalone functions into Lambda functions: configuration, authorisation, requests and answers,
//! batches, logs.

pub mod access;
pub mod answer;
pub mod aws;
pub mod config;
pub mod context;
pub mod endpoint;
pub mod function;
mod headers;
mod json;
pub mod lambda;
pub mod logs;
pub mod problem;
pub mod request;
pub mod spec;
pub mod standalone;
pub mod task;
pub mod token;
pub mod trigger;

pub use access::Caller;
pub use answer::{
    Answer, Created, Deleted, Document, Found, InPages, Issued, Listed, Nothing, OfCustomerOrClient, Verdict,
};
pub use config::Config;
pub use context::Context;
pub use endpoint::Endpoint;
pub use function::{Area, Function};
pub use lambda::serve;
pub use request::Request;
pub use spec::{Body, Shape, Spec};
pub use standalone::{Standalone, StandaloneSpec, Started};
pub use table::Grant;
pub use task::{Job, Outcome, Task, TaskSpec};
pub use trigger::{Trigger, TriggerSpec};
