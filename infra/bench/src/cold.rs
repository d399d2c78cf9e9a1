//! Cold starts: the processor time from `exec` to the first answer, an everyday event included, and the memory it takes.

use crate::{
    binaries::{Binaries, HELLO, Served},
    cases::Cases,
    process::Process,
    report::{Table, median, megabytes, milliseconds, ratio},
    world::World,
};
use anyhow::{Result, ensure};
use serde_json::json;
use std::{path::PathBuf, time::Duration};

/// One binary as it serves one function.
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

    fn cells(&self, hello: Duration) -> Result<[String; 3]> {
        let cpu = median(&self.starts)?;
        Ok([milliseconds(cpu), ratio(cpu, hello), megabytes(self.peak_memory)])
    }
}

/// A function in its area's binary, and in its own binary of an earlier build if it is compared with one.
struct Pair {
    now: Subject,
    before: Option<Subject>,
}

impl Pair {
    async fn start(&mut self, world: &World, cases: &Cases<'_>, before_first: bool) -> Result<()> {
        let mut subjects: Vec<&mut Subject> = self.before.iter_mut().chain([&mut self.now]).collect();
        if !before_first {
            subjects.reverse();
        }
        for subject in subjects {
            subject.start(world, cases).await?;
        }
        Ok(())
    }

    fn row(&self, hello: Duration, is_compared: bool) -> Result<Vec<String>> {
        let mut row = vec![self.now.function.to_owned()];
        if is_compared {
            row.extend(match &self.before {
                Some(before) => before.cells(hello)?,
                None => Default::default(),
            });
        }
        row.extend(self.now.cells(hello)?);
        if is_compared {
            row.push(match &self.before {
                Some(before) => ratio(median(&self.now.starts)?, median(&before.starts)?),
                None => String::new(),
            });
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

/// Starts these functions in turns with a bare hello world and, if there is a folder from before, with their own binaries in it.
pub async fn measure(
    world: &World,
    cases: &Cases<'_>,
    binaries: &Binaries,
    before: Option<&Binaries>,
    functions: &[Served],
    starts: usize,
) -> Result<()> {
    ensure!(starts > 0, "at least one start is needed");
    let mut pairs = vec![Pair {
        now: Subject::new(HELLO, binaries.path(HELLO)?),
        before: None,
    }];
    for Served { area, function } in functions {
        let before = before.map(|binaries| binaries.path(function)).transpose()?;
        pairs.push(Pair {
            now: Subject::new(function, binaries.path(area.name)?),
            before: before.map(|binary| Subject::new(function, binary)),
        });
    }
    let turns = turns(functions);
    // In turns, so that all are affected alike by whatever else the machine does.
    for round in 1..=starts {
        eprint!("\rcold starts, round {round} of {starts}");
        for turn in &turns {
            pairs[*turn].start(world, cases, round % 2 == 0).await?;
        }
    }
    eprintln!();

    let hello = median(&pairs[0].now.starts)?;
    let mut table = Table::new(before.map_or(HEADS, |_| HEADS_OF_BOTH));
    for pair in &pairs {
        table.row(pair.row(hello, before.is_some())?);
    }
    table.print(&format!("Cold start (median of {starts} starts, in turns)"));
    Ok(())
}

/// The order of starts: the hello world, which is first of all, and then the functions, each area's spread evenly over the round. An
/// area's binary that has just run is still in the processor's caches, which no cold start on Lambda finds.
fn turns(functions: &[Served]) -> Vec<usize> {
    let of = |functions: &[Served], area: &str| functions.iter().filter(|served| served.area.name == area).count();
    let place = |index: usize| {
        let area = functions[index].area.name;
        (of(&functions[..index], area) as f64 + 0.5) / of(functions, area) as f64
    };
    let mut turns: Vec<usize> = (0..functions.len()).collect();
    turns.sort_by(|one, other| place(*one).total_cmp(&place(*other)));
    [0].into_iter()
        .chain(turns.into_iter().map(|index| index + 1))
        .collect()
}
