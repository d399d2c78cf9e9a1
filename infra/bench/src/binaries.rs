//! The areas' release binaries, built as they are deployed, and the two programs that they are compared with.

use anyhow::{Context, Result, ensure};
use runtime::Area;
use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use template::AREAS;

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

/// The area that a function belongs to. Its binary has the area's name.
pub fn area_of(function: &str) -> Result<&'static Area> {
    let has = |area: &&Area| area.functions.iter().any(|known| known.name() == function);
    AREAS
        .iter()
        .find(has)
        .with_context(|| format!("no area has a function named {function}"))
}

/// Builds these areas and the two baselines, beside this program.
pub fn build(areas: &[&Area]) -> Result<Binaries> {
    // All areas are selected in each build, so that an area gets the same features as in a deployment.
    let packages: Vec<&str> = AREAS.iter().map(|area| area.name).chain([BARE_GET]).collect();
    let binaries: Vec<&str> = areas.iter().map(|area| area.name).chain([BARE_GET]).collect();
    release(&packages, &binaries)?;
    // Alone, or it would get the features that the areas need.
    release(&[HELLO], &[HELLO])?;
    let own = env::current_exe().context("the path of this program is unknown")?;
    let target = own.ancestors().nth(2).context("this program is in no target folder")?;
    Ok(Binaries::in_folder(target.join("release")))
}

fn release(packages: &[&str], binaries: &[&str]) -> Result<()> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command
        .args(["build", "--release"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
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
        self.path(area_of(function)?.name)
    }

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
