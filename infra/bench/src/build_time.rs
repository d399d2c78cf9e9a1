//! The time of a full release build: all areas and the packages that they share, with the external dependencies built already.

use crate::{
    binaries::{cargo, release},
    process::cpu_of_ended_children,
    report::Table,
};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::{path::Path, process::Stdio, thread::available_parallelism, time::Instant};
use template::{AREAS, functions};

pub fn measure() -> Result<()> {
    let areas: Vec<&str> = AREAS.iter().map(|area| area.name).collect();
    // Builds the dependencies, too.
    release(&areas, &areas)?;
    clean()?;
    let (before, start) = (cpu_of_ended_children()?, Instant::now());
    release(&areas, &areas)?;
    let (wall, cpu) = (start.elapsed(), cpu_of_ended_children()?.saturating_sub(before));
    let mut table = Table::new(&["areas", "functions", "cores", "wall, s", "CPU, s"]);
    table.row(vec![
        areas.len().to_string(),
        functions().len().to_string(),
        available_parallelism()?.to_string(),
        format!("{:.0}", wall.as_secs_f64()),
        format!("{:.0}", cpu.as_secs_f64()),
    ]);
    table.print("Release build of all areas and the packages that they share, dependencies built");
    Ok(())
}

/// Deletes the release artifacts of the packages in `functions` and `shared`.
fn clean() -> Result<()> {
    let output = cargo()
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .stderr(Stdio::inherit())
        .output()
        .context("cargo can't be run")?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata printed no JSON")?;
    let root = metadata["workspace_root"]
        .as_str()
        .context("a workspace without a root")?;
    let mut command = cargo();
    command.args(["clean", "--release"]);
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let manifest = Path::new(package["manifest_path"].as_str().unwrap_or_default());
        let folder = manifest.strip_prefix(root).unwrap_or(manifest);
        if folder.starts_with("functions") || folder.starts_with("shared") {
            command.args(["-p", package["name"].as_str().context("a package without a name")?]);
        }
    }
    ensure!(command.status()?.success(), "cargo clean failed");
    Ok(())
}
