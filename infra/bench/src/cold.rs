//! Cold starts: the processor time from `exec` to the first answer, a normal request included, and what there is to load.

use crate::{
    binaries::Binaries,
    cases,
    process::Process,
    report::{Table, median, megabytes, milliseconds, ratio},
    world::{World, functions},
};
use anyhow::{Result, ensure};
use runtime::Function;
use serde_json::json;
use std::time::Duration;

const HELLO: &str = "hello";

struct Subject {
    name: &'static str,
    starts: Vec<Duration>,
    peak_memory: usize,
}

pub async fn measure(world: &World, binaries: &Binaries, only: &[String], starts: usize) -> Result<()> {
    ensure!(starts > 0, "at least one start is needed");
    let known: Vec<&str> = functions().iter().map(Function::name).collect();
    for name in only {
        ensure!(
            known.contains(&name.as_str()),
            "{name} is none of the functions: {}",
            known.join(", ")
        );
    }
    let is_wanted = |name: &&str| only.is_empty() || only.iter().any(|wanted| wanted == name);
    let names = [HELLO].into_iter().chain(known.into_iter().filter(is_wanted));
    let mut subjects = Vec::new();
    let mut unknown = Vec::new();
    for name in names {
        if name == HELLO || cases::event(world, name).await?.is_some() {
            subjects.push(Subject {
                name,
                starts: Vec::new(),
                peak_memory: 0,
            });
        } else {
            unknown.push(name);
        }
    }
    // In turns, so that whatever else the machine does meets all alike.
    for round in 1..=starts {
        eprint!("\rcold starts, round {round} of {starts}");
        for subject in &mut subjects {
            start(world, binaries, subject).await?;
        }
    }
    eprintln!();

    let hello = median(&subjects[0].starts)?;
    let mut table = Table::new(&[
        "function",
        "CPU, ms",
        "× hello",
        "binary, MB",
        "zip, MB",
        "peak RSS, MB",
    ]);
    for subject in &subjects {
        let cpu = median(&subject.starts)?;
        let size = binaries.size(subject.name)?;
        table.row(vec![
            subject.name.to_owned(),
            milliseconds(cpu),
            ratio(cpu, hello),
            megabytes(size.bytes),
            megabytes(size.zipped),
            megabytes(subject.peak_memory),
        ]);
    }
    table.print(&format!("Cold start and package (median of {starts} starts, in turns)"));
    if !unknown.is_empty() {
        println!(
            "\nNot measured, for want of an event in `infra/bench/src/cases.rs`: {}.",
            unknown.join(", ")
        );
    }
    Ok(())
}

async fn start(world: &World, binaries: &Binaries, subject: &mut Subject) -> Result<()> {
    let event = cases::event(world, subject.name).await?.unwrap_or_else(|| json!({}));
    let mut process = Process::start(&binaries.path(subject.name)?, &world.settings).await?;
    let answer = process.invoke(event.to_string()).await?;
    subject.starts.push(process.cpu().await?);
    subject.peak_memory = subject.peak_memory.max(process.peak_memory()?);
    drop(answer);
    Ok(())
}
