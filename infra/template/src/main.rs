//! `cargo run --bin template` brings the generated files up to date. With `--check` it only lists the files that are not.

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
        eprintln!("not up to date: {}", output.path.display());
    }
    for leftover in &leftovers {
        eprintln!("no longer generated: {}", leftover.display());
    }
    if !stale.is_empty() || !leftovers.is_empty() {
        bail!("run `cargo run --bin template` and commit its changes");
    }
    Ok(())
}
