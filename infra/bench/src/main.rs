//! The service's figures, measured on this machine and printed as Markdown: what a function costs cold, warm and on disk, what an
//! endpoint asks of DynamoDB, and whether a list's page costs more the longer the list is.
//!
//! Processor time is read from `/proc`, so it runs on Linux only.

mod binaries;
mod build_time;
mod capacity;
mod cascade;
mod cases;
mod cloud;
mod cold;
mod keys;
mod list;
mod loopback;
mod measured;
mod objects;
mod packages;
mod process;
mod report;
mod runtime_api;
mod server;
mod spine;
mod store;
mod tls;
mod token;
mod warm;
mod world;

use anyhow::Result;
use binaries::Binaries;
use cases::Cases;
use clap::{Parser, ValueEnum};
use std::{path::PathBuf, process::ExitCode};
use world::World;

#[derive(Parser)]
#[command(
    about = "Measure the functions: cold, warm, on disk, at the table.",
    long_about = None
)]
struct Options {
    /// What to measure: everything, if nothing is named
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// Start only this function cold, and others so named: all, if none is
    #[arg(long = "function", value_name = "NAME")]
    functions: Vec<String>,
    /// Measure the binaries in this folder instead of building them: one an area, bare-get and hello
    #[arg(long, value_name = "FOLDER")]
    binaries: Option<PathBuf>,
    /// Start the binaries in this folder cold too, in turns with the others: one a function, named like it
    #[arg(long, value_name = "FOLDER", hide = true)]
    before: Option<PathBuf>,
    /// Cold starts of each function
    #[arg(long, default_value_t = 40)]
    starts: usize,
    /// Warm invocations of one process
    #[arg(long, default_value_t = 2000)]
    invocations: usize,
    /// Requests for a page of each list
    #[arg(long, default_value_t = 300)]
    pages: usize,
    /// The data folder of the local cloud that `spine` measures
    #[arg(long, default_value = ".local")]
    data: PathBuf,
    /// Customers that `spine` makes there
    #[arg(long, default_value_t = 200)]
    customers: usize,
    /// Made-up keys that `keys` tries
    #[arg(long, default_value_t = 1_000_000)]
    guesses: usize,
    /// Seconds of load for each operation of `keys` over HTTP
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// How often `keys` measures each side, in turns
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seed a list of a million customers too: minutes, and about 3 GB of temporary files
    #[arg(long)]
    million: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Cold,
    Warm,
    Capacity,
    List,
    /// Not without being named: it deletes the release artifacts of the functions first, and takes minutes
    Build,
    /// Not without being named: it wants a local cloud that runs
    Spine,
    /// Not without being named: it wants a build with `--profile fast`, and takes minutes
    Cascade,
    /// As `cascade`, and the peer's packages for a comparison
    Keys,
    /// What `keys` runs on a core of its own
    #[value(hide = true)]
    KeysInProcess,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let measured = runtime
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(measure(&options)));
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(options: &Options) -> Result<()> {
    let wanted = |part| options.parts.is_empty() || options.parts.contains(&part);
    if wanted(Part::Cold) || wanted(Part::Warm) {
        let mut functions = Vec::new();
        if wanted(Part::Cold) {
            functions = binaries::served(&options.functions)?;
        }
        let mut needed = functions.clone();
        if wanted(Part::Warm) {
            needed.extend(binaries::served(&[warm::FUNCTION.to_owned()])?);
        }
        let binaries = match &options.binaries {
            Some(folder) => Binaries::in_folder(folder.clone()),
            None => binaries::build(&binaries::areas_of(&needed))?,
        };
        let before = options.before.clone().map(Binaries::in_folder);
        let world = World::new(None, 100).await?;
        let cases = Cases::new(&world).await?;
        if wanted(Part::Cold) {
            cold::measure(&world, &cases, &binaries, before.as_ref(), &functions, options.starts).await?;
            packages::print(&binaries, &binaries::areas_of(&functions))?;
        }
        if wanted(Part::Warm) {
            warm::measure(&world, &cases, &binaries, options.invocations).await?;
        }
    }
    if wanted(Part::Capacity) {
        capacity::measure().await?;
    }
    if wanted(Part::List) {
        list::measure(options.pages, options.million).await?;
    }
    if options.parts.contains(&Part::Build) {
        build_time::measure()?;
    }
    if options.parts.contains(&Part::Cascade) {
        cascade::measure()?;
    }
    if options.parts.contains(&Part::KeysInProcess) {
        keys::in_process::run(&options.data, 2000, 500).await?;
    }
    if options.parts.contains(&Part::Keys) {
        keys::measure(&keys::Options {
            guesses: options.guesses,
            seconds: options.seconds,
            rounds: options.rounds,
        })?;
    }
    if options.parts.contains(&Part::Spine) {
        spine::measure(&options.data, options.customers)?;
    }
    Ok(())
}
