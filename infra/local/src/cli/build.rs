//! `cargo local build`: builds the functions of `template.yaml` for AWS.

use anyhow::Result;
use clap::Args;

use super::output::print;
use super::plan;
use crate::cloud;
use crate::compile::{self, AwsBuild};

#[derive(Args)]
pub struct Arguments {
    /// Build for arm64 instead of x86_64
    #[arg(long)]
    arm64: bool,
    /// Build without optimisations, which is faster
    #[arg(long)]
    debug: bool,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let plan = plan::load()?;
    let build = AwsBuild {
        arm64: arguments.arm64,
        debug: arguments.debug,
    };
    let binaries = compile::for_aws(&cloud::project()?, &plan.functions, &build)?;
    print(&format!(
        "built for {}: {}; deploy with `sam deploy`, under a stack name of at most {} characters",
        if arguments.arm64 { "arm64" } else { "x86_64" },
        binaries.into_iter().collect::<Vec<_>>().join(", "),
        crate::template::longest_stack_name(&plan)
    ))?;
    Ok(())
}
