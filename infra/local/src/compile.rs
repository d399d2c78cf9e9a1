//! Builds the functions' binaries with Cargo, which also shows the progress.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::plan::Function;

/// Where each function's binary lies, after building them if `build` says so. Keys are the binaries' names.
pub fn binaries(
    project: &Path,
    functions: &[Function],
    profile: &str,
    build: bool,
) -> Result<HashMap<String, PathBuf>> {
    let names: BTreeSet<&str> = functions.iter().map(|function| function.binary.as_str()).collect();
    if names.is_empty() {
        return Ok(HashMap::new());
    }
    let workspace = workspace(project)?;
    let known: BTreeSet<&str> = workspace.binaries().collect();
    for function in functions {
        ensure!(
            known.contains(function.binary.as_str()),
            "function {}: CodeUri asks for the Cargo binary `{}`, which no package of {} has",
            function.logical_id,
            function.binary,
            project.display()
        );
    }
    if build {
        cargo_build(project, profile, &names)?;
    }
    // Cargo's one exception: what is built with `dev` lies in `debug`.
    let folder = workspace.target_directory.join(match profile {
        "dev" => "debug",
        other => other,
    });
    let paths: HashMap<String, PathBuf> = names
        .iter()
        .map(|name| ((*name).to_owned(), folder.join(name)))
        .collect();
    let missing: Vec<&str> = names.into_iter().filter(|name| !paths[*name].is_file()).collect();
    ensure!(
        missing.is_empty(),
        "not built yet: {} (looked in {}); run without --no-build",
        missing.join(", "),
        folder.display()
    );
    Ok(paths)
}

#[derive(Deserialize)]
struct Workspace {
    target_directory: PathBuf,
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

impl Workspace {
    fn binaries(&self) -> impl Iterator<Item = &str> {
        let targets = self.packages.iter().flat_map(|package| &package.targets);
        targets
            .filter(|target| target.kind.iter().any(|kind| kind == "bin"))
            .map(|target| target.name.as_str())
    }
}

fn workspace(project: &Path) -> Result<Workspace> {
    let output = cargo(project)
        .args(["metadata", "--no-deps", "--format-version=1"])
        .stderr(Stdio::inherit())
        .output()
        .context("could not run cargo; is a Rust toolchain installed?")?;
    ensure!(
        output.status.success(),
        "cargo could not read the workspace in {}",
        project.display()
    );
    serde_json::from_slice(&output.stdout).context("cargo metadata answered in an unknown form")
}

fn cargo_build(project: &Path, profile: &str, names: &BTreeSet<&str>) -> Result<()> {
    let mut command = cargo(project);
    // Features are unified over the selected packages: with the whole workspace selected, dependencies are compiled
    // once for this, for the tests and for the local cloud itself.
    command.args(["build", "--workspace", "--profile", profile]);
    for name in names {
        command.args(["--bin", name]);
    }
    let status = command
        .stdout(Stdio::null())
        .status()
        .context("could not run cargo build")?;
    if !status.success() {
        bail!("the functions do not build; cargo says why above");
    }
    Ok(())
}

/// Cargo, without what an outer `cargo run` says of its own package: build scripts that look at it would run again.
fn cargo(project: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(project);
    for (name, _) in std::env::vars_os() {
        let Some(text) = name.to_str() else { continue };
        let is_of_a_package = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
            .iter()
            .any(|start| text.starts_with(start));
        if is_of_a_package || text == "CARGO_PRIMARY_PACKAGE" {
            command.env_remove(name);
        }
    }
    command
}
