//! `cargo local`: builds the functions and runs everything until a signal stops it.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::cloud;
use crate::data::DataFolder;

#[derive(Args)]
pub struct Arguments {
    /// The port of the HTTP API; 0 means any free port
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// The port of the AWS services; 0 means any free port
    #[arg(long, default_value_t = 4566)]
    aws_port: u16,
    /// Delete the data of earlier runs first
    #[arg(long)]
    fresh: bool,
    /// The Cargo profile for the functions: `fast` for measurements, `dev` for everything else
    #[arg(long, default_value = "dev", value_name = "NAME")]
    profile: String,
    /// Use the existing binaries of the functions
    #[arg(long)]
    no_build: bool,
    /// Run this template instead of the project's template.yaml
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// Use the DynamoDB at this URL instead of the embedded one
    #[arg(long, value_name = "URL")]
    dynamodb_endpoint: Option<String>,
}

pub fn run(data: DataFolder, arguments: Arguments) -> Result<()> {
    let options = cloud::Options {
        port: arguments.port,
        aws_port: arguments.aws_port,
        fresh: arguments.fresh,
        build: !arguments.no_build,
        profile: arguments.profile,
        template: arguments.template,
        dynamodb_endpoint: arguments.dynamodb_endpoint,
        commands: super::commands(),
    };
    cloud::run(data, options)
}
