//! `cargo local logs FUNCTION`: prints the log of a function. It reads the files, so it works without a running local cloud.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;

use super::name;
use crate::data::DataFolder;
use crate::lambda::log;

/// The pause between two reads of a followed log.
const PAUSE: Duration = Duration::from_millis(150);

#[derive(Args)]
pub struct Arguments {
    /// The function's name
    function: String,
    /// Wait for new lines and print them too
    #[arg(long, short)]
    follow: bool,
}

pub fn run(data: &DataFolder, arguments: &Arguments) -> Result<()> {
    let known = log::functions(&data.logs());
    if known.is_empty() {
        bail!(
            "there are no logs in {}; start the local cloud with `cargo local`",
            data.logs().display()
        );
    }
    let path = log::path(&data.logs(), name::find("function", &arguments.function, &known)?);
    let mut file = open(&path)?;
    loop {
        let read = copy(&mut file)?;
        if !arguments.follow {
            return Ok(());
        }
        if read == 0 {
            // A full log is renamed, and --fresh deletes it. Both continue in a new file.
            if is_replaced(&file, &path) {
                copy(&mut file)?;
                file = open(&path)?;
            }
            std::thread::sleep(PAUSE);
        }
    }
}

fn open(path: &Path) -> Result<File> {
    File::open(path).with_context(|| format!("could not read {}", path.display()))
}

fn copy(file: &mut File) -> io::Result<u64> {
    let mut out = io::stdout().lock();
    let copied = io::copy(&mut file.take(u64::MAX), &mut out)?;
    out.flush()?;
    Ok(copied)
}

fn is_replaced(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(there)) => open.ino() != there.ino(),
        _ => false,
    }
}
