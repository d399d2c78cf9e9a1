//! The local cloud: runs `template.yaml` on a laptop.
//!
//! It knows CloudFormation types and AWS protocols, and nothing about the service that the template describes.
//! `cargo local` starts it. The subcommands connect to the local cloud that runs in the same data folder.

// The workspace's rules on clocks and the environment are for code that runs in Lambda.
#![allow(clippy::disallowed_methods)]

mod arn;
mod aws;
mod cli;
mod cloud;
mod compile;
mod data;
mod dynamodb;
mod eventbridge;
mod housekeeping;
mod http_api;
mod identity;
mod lambda;
mod mappings;
mod plan;
mod s3;
mod scheduler;
mod server;
mod sqs;
mod store;
mod template;
mod wire;

fn main() -> std::process::ExitCode {
    cli::run()
}
