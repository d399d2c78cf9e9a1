//! `cargo local invoke FUNCTION [PAYLOAD.json]`: invokes a function and prints its answer.

use std::io::{self, Read};
use std::path::Path;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::Value;

use super::output::print;
use super::running::Running;
use super::token::{self, Holder};
use super::{name, plan};
use crate::cloud;
use crate::data::DataFolder;
use crate::identity::ADMIN_ROLE;
use crate::plan::Plan;

#[derive(Args)]
pub struct Arguments {
    /// The function's name
    function: String,
    /// The file with the payload, or - for standard input [default: the function's sample]
    payload: Option<PathBuf>,
    /// A role of the token that replaces the payload's placeholder; may be given several times
    #[arg(long = "role", value_name = "ROLE", default_value = ADMIN_ROLE)]
    roles: Vec<String>,
    #[command(flatten)]
    holder: Holder,
}

pub fn run(data: &DataFolder, arguments: Arguments) -> Result<()> {
    let running = Running::find(data)?;
    let plan = plan::load()?;
    let known: Vec<_> = plan.functions.iter().map(|function| function.name.clone()).collect();
    let function = name::find("function", &arguments.function, &known)?;
    let payload = match &arguments.payload {
        Some(file) => read(file)?,
        None => read(&sample(&plan, function)?)?,
    };
    let payload = match plan.local.samples {
        Some(samples) if contains(&payload, &samples.token) => {
            let token = token::create(data, arguments.roles, arguments.holder)?;
            String::from_utf8(payload)?.replace(&samples.token, &token).into_bytes()
        }
        _ => payload,
    };
    let answer = running.post(&format!("/2015-03-31/functions/{function}/invocations"), &payload)?;
    if answer.status != 200 {
        bail!("{}", answer.message());
    }
    // Indented if it is JSON. It may be other text.
    let value: Result<Value, _> = serde_json::from_str(&answer.body);
    print(&match value {
        Ok(value) => serde_json::to_string_pretty(&value)?,
        Err(_) => answer.body,
    })?;
    if answer.headers.contains_key("x-amz-function-error") {
        bail!("the function failed; see `cargo local logs {function}`");
    }
    Ok(())
}

/// The path of a function's sample payload.
fn sample(plan: &Plan, name: &str) -> Result<PathBuf> {
    let samples = plan.local.samples.as_ref();
    let function = plan.functions.iter().find(|function| function.name == name);
    let (Some(samples), Some(function)) = (samples, function) else {
        bail!("the template names no folder with samples: give a file with the payload");
    };
    let file = format!("{}.json", function.handler);
    Ok(cloud::project()?.join(&samples.folder).join(file))
}

fn contains(payload: &[u8], text: &str) -> bool {
    std::str::from_utf8(payload).is_ok_and(|payload| payload.contains(text))
}

fn read(payload: &Path) -> Result<Vec<u8>> {
    if payload != Path::new("-") {
        return std::fs::read(payload).with_context(|| format!("could not read the payload {}", payload.display()));
    }
    let mut bytes = Vec::new();
    io::stdin()
        .read_to_end(&mut bytes)
        .context("could not read the payload")?;
    Ok(bytes)
}
