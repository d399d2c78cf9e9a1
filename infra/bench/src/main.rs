//! The service's figures, measured on this machine and printed as Markdown: cold starts, packages, warm invocations, requests to
//! DynamoDB, pages of long lists, and more on demand.
//!
//! Processor time is read from `/proc`, so this runs on Linux only.

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
mod price;
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
    about = "Measure the functions on this machine and print the figures as Markdown.",
    long_about = None
)]
struct Options {
    /// The parts to measure; the first four if none is named
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// A function to start cold; can be repeated; all functions if none is named
    #[arg(long = "function", value_name = "NAME")]
    functions: Vec<String>,
    /// Use the binaries in this folder instead of building them: the areas', bare-get and hello
    #[arg(long, value_name = "FOLDER")]
    binaries: Option<PathBuf>,
    /// Also start the binaries in this folder cold, in turns with the others; each is named like the one function it serves
    #[arg(long, value_name = "FOLDER", hide = true)]
    before: Option<PathBuf>,
    /// Cold starts of each function
    #[arg(long, default_value_t = 40)]
    starts: usize,
    /// Warm invocations of each process
    #[arg(long, default_value_t = 2000)]
    invocations: usize,
    /// Requests for a page of each list
    #[arg(long, default_value_t = 300)]
    pages: usize,
    /// The data folder of the local cloud that `spine` measures
    #[arg(long, default_value = ".local")]
    data: PathBuf,
    /// Customers that `spine` creates
    #[arg(long, default_value_t = 200)]
    customers: usize,
    /// Random and altered keys that `keys` tries
    #[arg(long, default_value_t = 1_000_000)]
    guesses: usize,
    /// Seconds of load for each operation of `keys` over HTTP
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// How many times `keys` measures each side, in turns
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Let `list` seed a list of a million customers too, which takes minutes and about 3 GB of temporary files
    #[arg(long)]
    million: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Cold starts of each function, and each area's package
    Cold,
    /// Warm invocations of one function
    Warm,
    /// Requests to DynamoDB of each function, and their capacity
    Capacity,
    /// Pages of short and long lists
    List,
    /// The time of a release build; deletes the functions' release artifacts first, and takes minutes
    Build,
    /// The time from a write to its effect; needs a running local cloud
    Spine,
    /// Cascades over 10 to 10,000 children; needs a build with `--profile fast`, and takes minutes
    Cascade,
    /// API keys beside those of better-auth; needs a build with `--profile fast`, and takes minutes
    Keys,
    /// The part of `keys` that runs on a core of its own
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
