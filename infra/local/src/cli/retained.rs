//! `cargo local retained`: prints the template with which CloudFormation imports retained resources into a new stack.

use anyhow::{Context, Result};

use super::output::print;
use crate::cloud;
use crate::template::retained;

pub fn run() -> Result<()> {
    let path = cloud::project()?.join(cloud::TEMPLATE);
    let text = std::fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))?;
    let template = retained::template(&text).with_context(|| format!("could not read {}", path.display()))?;
    print(&serde_json::to_string_pretty(&template)?)?;
    Ok(())
}
