//! API keys: what it costs to verify, make and rotate them, in process and over HTTP, beside a peer that does the same.
//!
//! The peer is better-auth with its API keys on SQLite; see `infra/bench/peer`. Both have one core each, the same durability, and take
//! turns, so that a machine that drifts does not favour one.

mod guesses;
mod http;
pub mod in_process;

use crate::report::Table;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use tempfile::TempDir;

pub struct Options {
    pub guesses: usize,
    pub seconds: u64,
    pub rounds: usize,
}

/// What was measured of one operation.
#[derive(Clone, Debug, Deserialize, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Measured {
    pub operation: String,
    pub count: u64,
    pub wall_micros: f64,
    /// Processor time of everything that took part but for who asked.
    pub cpu_micros: f64,
    pub p50_micros: f64,
    pub p99_micros: f64,
}

impl Measured {
    /// From the time of each single one.
    pub fn of(operation: &str, mut micros: Vec<f64>, wall_micros: f64, cpu_micros: f64) -> Self {
        micros.sort_by(f64::total_cmp);
        let at = |part: f64| {
            micros
                .get((micros.len() as f64 * part) as usize)
                .copied()
                .unwrap_or_default()
        };
        Self {
            operation: operation.to_owned(),
            count: micros.len() as u64,
            wall_micros,
            cpu_micros,
            p50_micros: at(0.5),
            p99_micros: at(0.99),
        }
    }

    fn a_second(&self) -> f64 {
        self.count as f64 / self.wall_micros * 1e6
    }

    fn cpu_each(&self) -> f64 {
        self.cpu_micros / self.count as f64
    }

    fn row(&self, who: &str) -> Vec<String> {
        vec![
            self.operation.clone(),
            who.to_owned(),
            format!("{:.0}", self.a_second()),
            format!("{:.0}", self.p50_micros),
            format!("{:.0}", self.p99_micros),
            format!("{:.0}", self.cpu_each()),
        ]
    }
}

const HEADS: &[&str] = &["", "", "a second", "p50, µs", "p99, µs", "CPU each, µs"];
const OURS: &str = "customer-service";
const THEIRS: &str = "better-auth";

/// The core that is measured. The load comes from the others.
const CORE: &str = "0";

pub fn measure(options: &Options) -> Result<()> {
    let own = env::current_exe().context("this program's own place is not known")?;
    guesses::measure(options.guesses)?;
    let folder = TempDir::new().context("no temporary folder can be made")?;
    let folder = folder.path();
    let peer = Peer::find();
    if peer.is_none() {
        eprintln!("The peer is not installed (`npm ci` in infra/bench/peer): only this service is measured.");
    }

    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    for round in 0..options.rounds {
        eprint!("\rin process, {} of {}", round + 1, options.rounds);
        let data = fresh(folder, &format!("ours-{round}"))?;
        ours.push(lines(pinned(&own).arg("keys-in-process").arg("--data").arg(&data))?);
        if let Some(peer) = &peer {
            let data = fresh(folder, &format!("theirs-{round}"))?;
            theirs.push(lines(peer.node("in-process.mjs").arg("--data").arg(&data))?);
        }
    }
    eprintln!();
    print("In process, one core", &ours, &theirs);

    let (ours, theirs) = http::measure(&own, peer.as_ref(), folder, options)?;
    print("Over HTTP, one core for the server", &ours, &theirs);
    Ok(())
}

/// Each operation of the median round, by how many there were a second.
fn print(title: &str, ours: &[Vec<Measured>], theirs: &[Vec<Measured>]) {
    let mut table = Table::new(HEADS);
    let mut ratios = Table::new(&["", "theirs / ours: p50", "p99", "CPU each", "ours / theirs: a second"]);
    for operation in ours.first().into_iter().flatten().map(|measured| &measured.operation) {
        let ours = median(ours, operation);
        let theirs = median(theirs, operation);
        table.rows_of(ours.iter().map(|measured| measured.row(OURS)));
        table.rows_of(theirs.iter().map(|measured| measured.row(THEIRS)));
        if let (Some(ours), Some(theirs)) = (ours, theirs) {
            let ratio = |of: f64, to: f64| format!("{:.2}", of / to);
            ratios.row(vec![
                operation.clone(),
                ratio(theirs.p50_micros, ours.p50_micros),
                ratio(theirs.p99_micros, ours.p99_micros),
                ratio(theirs.cpu_each(), ours.cpu_each()),
                ratio(ours.a_second(), theirs.a_second()),
            ]);
        }
    }
    table.print(title);
    if !theirs.is_empty() {
        ratios.print(&format!("{title}: ratios (over 1, this service does better)"));
    }
}

fn median(rounds: &[Vec<Measured>], operation: &str) -> Option<Measured> {
    let mut of: Vec<&Measured> = rounds
        .iter()
        .flatten()
        .filter(|measured| measured.operation == operation)
        .collect();
    of.sort_by(|one, other| one.a_second().total_cmp(&other.a_second()));
    of.get(of.len() / 2).copied().cloned()
}

/// The peer's folder, where its packages are installed.
struct Peer(PathBuf);

impl Peer {
    fn find() -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("peer");
        folder.join("node_modules").is_dir().then_some(Self(folder))
    }

    fn node(&self, script: &str) -> Command {
        let mut command = pinned("node");
        command.arg(self.0.join(script)).env("NODE_ENV", "production");
        command
    }
}

/// A program on the core that is measured.
pub fn pinned(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", CORE]).arg(program);
    command
}

fn fresh(folder: &Path, name: &str) -> Result<PathBuf> {
    let path = folder.join(name);
    std::fs::create_dir(&path).with_context(|| format!("{} can't be made", path.display()))?;
    Ok(path)
}

/// What a program says it measured.
fn lines(command: &mut Command) -> Result<Vec<Measured>> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .context("taskset can't be run: it comes with util-linux")?;
    ensure!(output.status.success(), "{command:?} failed");
    let text = String::from_utf8(output.stdout).context("what was measured is no text")?;
    text.lines()
        .map(|line| serde_json::from_str(line).with_context(|| format!("{line:?} says nothing that was measured")))
        .collect()
}
