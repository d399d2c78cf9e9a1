//! `cargo run --bin template` brings the generated files up to date; with `--check` it only says which are not.

use anyhow::{Context, Result, bail};
use std::{env, fs, path::Path};

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [] => write(),
        ["--check"] => check(),
        _ => bail!("usage: cargo run --bin template [-- --check]"),
    }
}

fn write() -> Result<()> {
    let root = template::root();
    for output in template::stale()? {
        let path = root.join(&output.path);
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, &output.text))
            .with_context(|| format!("{} can't be written", output.path.display()))?;
        println!("wrote {}", output.path.display());
    }
    for leftover in template::leftovers()? {
        fs::remove_file(root.join(&leftover)).with_context(|| format!("{} can't be removed", leftover.display()))?;
        println!("removed {}", leftover.display());
    }
    Ok(())
}

fn check() -> Result<()> {
    let stale = template::stale()?;
    let leftovers = template::leftovers()?;
    for output in &stale {
        eprintln!("not current: {}", output.path.display());
    }
    for leftover in &leftovers {
        eprintln!("written by nothing: {}", leftover.display());
    }
    if !stale.is_empty() || !leftovers.is_empty() {
        bail!("run `cargo run --bin template` and commit what it changes");
    }
    Ok(())
}
