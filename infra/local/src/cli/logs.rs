//! `cargo local logs FUNCTION`: what a function printed. It reads the files, so it also works when nothing runs.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;

use super::meant;
use crate::data::DataFolder;
use crate::lambda::log;

/// How often a followed log is looked at.
const PAUSE: Duration = Duration::from_millis(150);

#[derive(Args)]
pub struct Arguments {
    /// The function's name
    function: String,
    /// Go on with new lines as they come
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
    let path = log::path(&data.logs(), meant("function", &arguments.function, &known)?);
    let mut file = open(&path)?;
    loop {
        let read = copy(&mut file)?;
        if !arguments.follow {
            return Ok(());
        }
        if read == 0 {
            // A log that was put aside, or thrown away by --fresh, goes on in a new file.
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
