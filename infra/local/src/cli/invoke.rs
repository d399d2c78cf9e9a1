//! `cargo local invoke FUNCTION PAYLOAD.json`: invokes a function and prints its answer.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::Value;

use super::name;
use super::output::print;
use super::running::Running;
use crate::data::DataFolder;
use crate::lambda::log;

#[derive(Args)]
pub struct Arguments {
    /// The function's name
    function: String,
    /// The file with the payload, or - for standard input
    payload: PathBuf,
}

pub fn run(data: &DataFolder, arguments: &Arguments) -> Result<()> {
    let running = Running::find(data)?;
    let payload = read(&arguments.payload)?;
    let known = log::functions(&data.logs());
    let function = name::find("function", &arguments.function, &known)?;
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
