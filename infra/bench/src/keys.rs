//! API keys: the cost of verifying, creating and rotating them, in process and over HTTP, beside a peer that does the same.
//!
//! The peer is better-auth with its API keys on SQLite; see `infra/bench/peer`. Each side has one core and the same durability. The two
//! take turns, so that a machine that drifts favours neither.

mod guesses;
mod http;
pub mod in_process;
mod peer;

use crate::{measured::Measured, process::pinned, report::Table};
use anyhow::{Context, Result, ensure};
use peer::Peer;
use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;

pub struct Options {
    pub guesses: usize,
    pub seconds: u64,
    pub rounds: usize,
}

const HEADS: &[&str] = &[
    "operation",
    "side",
    "calls per second",
    "p50, µs",
    "p99, µs",
    "CPU per call, µs",
];
const RATIO_HEADS: &[&str] = &[
    "operation",
    "theirs / ours: p50",
    "p99",
    "CPU per call",
    "ours / theirs: calls per second",
];
const OURS: &str = "customer-service";
const THEIRS: &str = "better-auth";

pub fn measure(options: &Options) -> Result<()> {
    let own = env::current_exe().context("the path of this program is unknown")?;
    guesses::measure(options.guesses)?;
    let folder = TempDir::new().context("a temporary folder can't be created")?;
    let folder = folder.path();
    let peer = Peer::find();
    if peer.is_none() {
        eprintln!("The peer is not installed (`npm ci` in infra/bench/peer): only this service is measured.");
    }

    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    for round in 0..options.rounds {
        eprint!("\rin process, {} of {}", round + 1, options.rounds);
        let data = new_folder(folder, &format!("ours-{round}"))?;
        ours.push(lines(pinned(&own).arg("keys-in-process").arg("--data").arg(&data))?);
        if let Some(peer) = &peer {
            let data = new_folder(folder, &format!("theirs-{round}"))?;
            theirs.push(lines(peer.node("in-process.mjs").arg("--data").arg(&data))?);
        }
    }
    eprintln!();
    print("In process, one core", &ours, &theirs);

    let cloud = http::Ours::start(&new_folder(folder, "cloud")?)?;
    let peer = match &peer {
        Some(peer) => Some(http::Theirs::start(peer, &new_folder(folder, "peer")?)?),
        None => None,
    };
    let time = Duration::from_secs(options.seconds);
    let (ours, theirs) = http::measure(&cloud, peer.as_ref(), options.rounds, time)?;
    print("Over HTTP, one core for the server", &ours, &theirs);
    Ok(())
}

/// The median round of each operation, by its calls per second.
fn print(title: &str, ours: &[Vec<Measured>], theirs: &[Vec<Measured>]) {
    let mut table = Table::new(HEADS);
    let mut ratios = Table::new(RATIO_HEADS);
    for operation in ours.first().into_iter().flatten().map(|measured| &measured.operation) {
        let ours = median(ours, operation);
        let theirs = median(theirs, operation);
        for (side, measured) in [(OURS, &ours), (THEIRS, &theirs)] {
            if let Some(measured) = measured {
                table.row(row(side, measured));
            }
        }
        if let (Some(ours), Some(theirs)) = (ours, theirs) {
            let ratio = |of: f64, to: f64| format!("{:.2}", of / to);
            ratios.row(vec![
                operation.clone(),
                ratio(theirs.p50_micros, ours.p50_micros),
                ratio(theirs.p99_micros, ours.p99_micros),
                ratio(theirs.cpu_per_call(), ours.cpu_per_call()),
                ratio(ours.per_second(), theirs.per_second()),
            ]);
        }
    }
    table.print(title);
    if !theirs.is_empty() {
        ratios.print(&format!("{title}: ratios (above 1, this service is better)"));
    }
}

fn row(side: &str, measured: &Measured) -> Vec<String> {
    vec![
        measured.operation.clone(),
        side.to_owned(),
        format!("{:.0}", measured.per_second()),
        format!("{:.0}", measured.p50_micros),
        format!("{:.0}", measured.p99_micros),
        format!("{:.0}", measured.cpu_per_call()),
    ]
}

fn median(rounds: &[Vec<Measured>], operation: &str) -> Option<Measured> {
    let mut of: Vec<&Measured> = rounds
        .iter()
        .flatten()
        .filter(|measured| measured.operation == operation)
        .collect();
    of.sort_by(|one, other| one.per_second().total_cmp(&other.per_second()));
    of.get(of.len() / 2).copied().cloned()
}

fn new_folder(folder: &Path, name: &str) -> Result<PathBuf> {
    let path = folder.join(name);
    std::fs::create_dir(&path).with_context(|| format!("{} can't be created", path.display()))?;
    Ok(path)
}

/// The figures that a program prints, one a line.
fn lines(command: &mut Command) -> Result<Vec<Measured>> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .context("taskset can't be run: it comes with util-linux")?;
    ensure!(output.status.success(), "{command:?} failed");
    let text = String::from_utf8(output.stdout).context("the program's output is not UTF-8")?;
    text.lines()
        .map(|line| serde_json::from_str(line).with_context(|| format!("{line:?} holds no figures")))
        .collect()
}
