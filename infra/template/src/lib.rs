//! What is written from the functions' declarations: the function part of `template.yaml`, the OpenAPI and AsyncAPI documents, the
//! events' schemas and samples, a payload for each function, the table's access patterns.

mod names;
mod policy;
mod sam;

use anyhow::{Context, Result};
use runtime::Function;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A file, its path from the repository's root.
pub struct Output {
    pub path: PathBuf,
    pub text: String,
}

/// Every function of the service.
pub fn functions() -> Vec<Function> {
    [
        customers::FUNCTIONS,
        structure::FUNCTIONS,
        table_stream::FUNCTIONS,
        docs::FUNCTIONS,
    ]
    .concat()
}

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every generated file as it should be now.
pub fn outputs() -> Result<Vec<Output>> {
    let functions = functions();
    Ok(vec![Output {
        path: "template.yaml".into(),
        text: sam::template(&read("template.yaml")?, &functions)?,
    }])
}

/// The outputs whose file is missing or says something else.
pub fn stale() -> Result<Vec<Output>> {
    let mut outputs = outputs()?;
    outputs.retain(|output| fs::read_to_string(root().join(&output.path)).ok().as_ref() != Some(&output.text));
    Ok(outputs)
}

fn read(path: &str) -> Result<String> {
    fs::read_to_string(root().join(path)).with_context(|| format!("{path} can't be read"))
}
