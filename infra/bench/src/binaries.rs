//! The areas' release binaries, built as they are deployed, and the two programs that they are compared with.

use anyhow::{Context, Result, ensure};
use runtime::{Area, Function};
use std::{env, ffi::OsString, fs, path::PathBuf, process::Command};
use template::{AREAS, area_of};

/// A bare hello world: the baseline of a cold start.
pub const HELLO: &str = "hello";
/// One `GetItem` in an empty handler: the baseline of a warm invocation.
pub const BARE_GET: &str = "bare-get";

pub struct Binaries {
    folder: PathBuf,
}

pub struct Size {
    pub bytes: usize,
    pub zipped: usize,
}

/// A function and its area, whose binary serves it.
#[derive(Clone, Copy)]
pub struct Served {
    pub area: &'static Area,
    pub function: &'static str,
}

/// The functions with these names, in the order of their areas; all, if none is named.
pub fn served(names: &[String]) -> Result<Vec<Served>> {
    for name in names {
        area_of(name).with_context(|| format!("no function is named {name}"))?;
    }
    let is_wanted = |function: &str| names.is_empty() || names.iter().any(|name| name == function);
    let of = |area: &'static Area| {
        let functions = area.functions.iter().map(Function::name);
        functions.map(move |function| Served { area, function })
    };
    Ok(AREAS
        .iter()
        .flat_map(of)
        .filter(|served| is_wanted(served.function))
        .collect())
}

/// The areas of these functions, each once.
pub fn areas_of(functions: &[Served]) -> Vec<&'static Area> {
    let is_wanted = |area: &&Area| functions.iter().any(|served| served.area.name == area.name);
    AREAS.iter().filter(is_wanted).collect()
}

/// Builds these areas and the two baselines, beside this program.
pub fn build(areas: &[&Area]) -> Result<Binaries> {
    // Every build selects all areas, so that each gets the same features as in a deployment.
    let packages: Vec<&str> = AREAS.iter().map(|area| area.name).chain([BARE_GET]).collect();
    let binaries: Vec<&str> = areas.iter().map(|area| area.name).chain([BARE_GET]).collect();
    release(&packages, &binaries)?;
    // Alone, or it would get the features that the areas need.
    release(&[HELLO], &[HELLO])?;
    let own = env::current_exe().context("the path of this program is unknown")?;
    let target = own.ancestors().nth(2).context("this program is in no target folder")?;
    Ok(Binaries::in_folder(target.join("release")))
}

/// Cargo, in the repository's root.
pub fn cargo() -> Command {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.current_dir(template::root());
    command
}

/// Builds these binaries, with the features that all these packages together ask for.
pub fn release(packages: &[&str], binaries: &[&str]) -> Result<()> {
    let mut command = cargo();
    command.args(["build", "--release"]);
    for package in packages {
        command.args(["-p", package]);
    }
    for binary in binaries {
        command.args(["--bin", binary]);
    }
    let status = command.status().context("cargo can't be run")?;
    ensure!(status.success(), "the build failed: see above");
    Ok(())
}

impl Binaries {
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub fn path(&self, name: &str) -> Result<PathBuf> {
        let path = self.folder.join(name);
        ensure!(path.is_file(), "the binary {} is missing", path.display());
        Ok(path)
    }

    /// The binary that serves a function.
    pub fn serving(&self, function: &str) -> Result<PathBuf> {
        let area = area_of(function).with_context(|| format!("no function is named {function}"))?;
        self.path(area.name)
    }

    /// A binary's size, and that of the ZIP archive that is uploaded of it.
    pub fn size(&self, name: &str) -> Result<Size> {
        // The size of a ZIP archive's headers around one file named `bootstrap`.
        const ENVELOPE: usize = 30 + 46 + 22 + 2 * "bootstrap".len();
        let path = self.path(name)?;
        let content = fs::read(&path).with_context(|| format!("{} can't be read", path.display()))?;
        Ok(Size {
            bytes: content.len(),
            zipped: miniz_oxide::deflate::compress_to_vec(&content, 6).len() + ENVELOPE,
        })
    }
}
