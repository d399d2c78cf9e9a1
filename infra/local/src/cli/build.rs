//! `cargo local build`: builds the functions of `template.yaml` for AWS.

use anyhow::Result;
use clap::Args;

use super::output::print;
use crate::cloud;
use crate::compile::{self, AwsBuild};
use crate::template::{self, Surroundings};

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
    let project = cloud::project()?;
    // The template's binaries do not depend on these.
    let surroundings = Surroundings {
        api_url: "",
        aws_url: "",
        values: &[],
    };
    let plan = template::load(&project.join(cloud::TEMPLATE), &surroundings)?;
    let build = AwsBuild {
        arm64: arguments.arm64,
        debug: arguments.debug,
    };
    let binaries = compile::for_aws(&project, &plan.functions, &build)?;
    print(&format!(
        "built for {}: {}; deploy with `sam deploy`, under a stack name of at most {} characters",
        if arguments.arm64 { "arm64" } else { "x86_64" },
        binaries.into_iter().collect::<Vec<_>>().join(", "),
        template::longest_stack_name(&plan)
    ))?;
    Ok(())
}
