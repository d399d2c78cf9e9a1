//! The functions' release binaries, built as they are deployed, and what they are measured against.

use anyhow::{Context, Result, ensure};
use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// In builds of their own: one with everything else would give each the features of all. `bare-get` has what functions have anyway.
const BUILDS: &[&[&str]] = &[
    &[
        "customers",
        "clients",
        "structure",
        "logo",
        "partitions",
        "api-keys",
        "docs",
        "table-stream",
        "bare-get",
    ],
    &["hello"],
];

pub struct Binaries {
    folder: PathBuf,
}

pub struct Size {
    pub bytes: usize,
    pub zipped: usize,
}

/// Builds them beside this program: these, or all if none is named. Each takes most of a minute.
pub fn build(only: &[String]) -> Result<Binaries> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    for packages in BUILDS {
        let mut command = Command::new(&cargo);
        command
            .args(["build", "--release"])
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
        if only.is_empty() || *packages == ["hello"] {
            command.arg("--bins");
        }
        for name in only.iter().filter(|_| *packages != ["hello"]) {
            command.args(["--bin", name]);
        }
        for package in *packages {
            command.args(["-p", package]);
        }
        let status = command.status().context("cargo can't be run")?;
        ensure!(status.success(), "the functions can't be built: see above");
    }
    let own = env::current_exe().context("this program's own place is not known")?;
    let target = own.ancestors().nth(2).context("this program is in no target folder")?;
    Ok(Binaries {
        folder: target.join("release"),
    })
}

impl Binaries {
    pub fn path(&self, name: &str) -> Result<PathBuf> {
        let path = self.folder.join(name);
        ensure!(
            path.is_file(),
            "{} is missing: is this program in the folder that `cargo build --release` writes to?",
            path.display()
        );
        Ok(path)
    }

    pub fn size(&self, name: &str) -> Result<Size> {
        // What a ZIP archive of one file named `bootstrap` has around the file's own bytes.
        const ENVELOPE: usize = 30 + 46 + 22 + 2 * "bootstrap".len();
        let path = self.path(name)?;
        let content = fs::read(&path).with_context(|| format!("{} can't be read", path.display()))?;
        Ok(Size {
            bytes: content.len(),
            zipped: miniz_oxide::deflate::compress_to_vec(&content, 6).len() + ENVELOPE,
        })
    }
}
