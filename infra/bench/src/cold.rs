//! Cold starts: the processor time from `exec` to the first answer, a normal request included, and what there is to load.

use crate::{
    binaries::{Binaries, HELLO, area_of},
    cases::Cases,
    process::Process,
    report::{Table, median, megabytes, milliseconds, ratio},
    world::World,
};
use anyhow::{Result, ensure};
use runtime::{Area, Function};
use serde_json::json;
use std::{path::PathBuf, time::Duration};
use template::{AREAS, functions};

struct Subject {
    function: &'static str,
    binary: PathBuf,
    starts: Vec<Duration>,
    peak_memory: usize,
}

impl Subject {
    fn new(function: &'static str, binary: PathBuf) -> Self {
        Self {
            function,
            binary,
            starts: Vec::new(),
            peak_memory: 0,
        }
    }

    async fn start(&mut self, world: &World, cases: &Cases<'_>) -> Result<()> {
        let event = match self.function {
            HELLO => json!({}),
            function => cases.event(function).await?,
        };
        let mut process = Process::start(&self.binary, self.function, &world.settings).await?;
        let answer = process.invoke(event.to_string()).await?;
        self.starts.push(process.cpu().await?);
        self.peak_memory = self.peak_memory.max(process.peak_memory()?);
        drop(answer);
        Ok(())
    }
}

/// A function, by its area's binary and by its own from before, if it is compared with one.
struct Pair {
    now: Subject,
    before: Option<Subject>,
}

impl Pair {
    fn row(&self, hello: Duration) -> Result<Vec<String>> {
        let mut row = vec![self.now.function.to_owned()];
        for subject in self.before.iter().chain([&self.now]) {
            let cpu = median(&subject.starts)?;
            row.extend([milliseconds(cpu), ratio(cpu, hello), megabytes(subject.peak_memory)]);
        }
        if let Some(before) = &self.before {
            row.push(ratio(median(&self.now.starts)?, median(&before.starts)?));
        }
        Ok(row)
    }
}

const HEADS: &[&str] = &["function", "CPU, ms", "× hello", "peak RSS, MB"];
const HEADS_OF_BOTH: &[&str] = &[
    "function",
    "before: CPU, ms",
    "× hello",
    "peak RSS, MB",
    "now: CPU, ms",
    "× hello",
    "peak RSS, MB",
    "now / before: CPU",
];

/// The functions with these names; all, if none is named.
pub fn wanted(names: &[String]) -> Result<Vec<&'static str>> {
    for name in names {
        area_of(name)?;
    }
    let known = functions();
    let known = known.iter().map(Function::name);
    Ok(known
        .filter(|name| names.is_empty() || names.iter().any(|wanted| wanted == name))
        .collect())
}

/// The areas of these functions.
pub fn areas_of(functions: &[&str]) -> Vec<&'static Area> {
    let is_wanted = |area: &&Area| {
        area.functions
            .iter()
            .any(|function| functions.contains(&function.name()))
    };
    AREAS.iter().filter(is_wanted).collect()
}

/// Starts each function in turns with a bare hello world and, if there is a folder from before, with the function's own binary in it.
pub async fn measure(
    world: &World,
    cases: &Cases<'_>,
    binaries: &Binaries,
    before: Option<&Binaries>,
    functions: &[&'static str],
    starts: usize,
) -> Result<()> {
    ensure!(starts > 0, "at least one start is needed");
    // It is the same binary on both sides: the difference between the two is noise.
    let hello = binaries.path(HELLO)?;
    let mut pairs = vec![Pair {
        now: Subject::new(HELLO, hello.clone()),
        before: before.map(|_| Subject::new(HELLO, hello)),
    }];
    for function in functions {
        let before = before.map(|binaries| binaries.path(function)).transpose()?;
        pairs.push(Pair {
            now: Subject::new(function, binaries.serving(function)?),
            before: before.map(|binary| Subject::new(function, binary)),
        });
    }
    // In turns, so that all are affected alike by whatever else the machine does.
    for round in 1..=starts {
        eprint!("\rcold starts, round {round} of {starts}");
        for pair in &mut pairs {
            for subject in pair.before.iter_mut().chain([&mut pair.now]) {
                subject.start(world, cases).await?;
            }
        }
    }
    eprintln!();

    let hello = median(&pairs[0].now.starts)?;
    let mut table = Table::new(before.map_or(HEADS, |_| HEADS_OF_BOTH));
    for pair in &pairs {
        table.row(pair.row(hello)?);
    }
    table.print(&format!("Cold start (median of {starts} starts, in turns)"));
    packages(binaries, &areas_of(functions))
}

fn packages(binaries: &Binaries, areas: &[&Area]) -> Result<()> {
    let mut table = Table::new(&["area", "functions", "binary, MB", "zip, MB"]);
    let mut sum = (0, 0, 0);
    for area in areas {
        let size = binaries.size(area.name)?;
        sum = (sum.0 + area.functions.len(), sum.1 + size.bytes, sum.2 + size.zipped);
        table.row(vec![
            area.name.to_owned(),
            area.functions.len().to_string(),
            megabytes(size.bytes),
            megabytes(size.zipped),
        ]);
    }
    let (functions, bytes, zipped) = sum;
    table.row(vec![
        "sum".to_owned(),
        functions.to_string(),
        megabytes(bytes),
        megabytes(zipped),
    ]);
    table.print("Packages: one zip an area, and their sum, which is what a deployment uploads");
    Ok(())
}
