//! Pages of short and long lists of customers: a page costs the same at any length.

use crate::{
    report::{Table, median, microseconds, ratio},
    world::World,
};
use anyhow::{Context, Result};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// One less than the shortest list has: each list then has a next page, so that all pages are alike.
const LIMIT: &str = "9";

struct Subject {
    customers: usize,
    world: World,
    times: Vec<Duration>,
    units: f64,
    _folder: TempDir,
}

pub async fn measure(pages: usize, million: bool) -> Result<()> {
    let mut lengths = vec![10, 10_000];
    if million {
        lengths.push(1_000_000);
    }
    let mut subjects = Vec::new();
    for customers in lengths {
        eprintln!("seeding {customers} customers");
        let folder = TempDir::new().context("a temporary folder can't be created")?;
        subjects.push(Subject {
            customers,
            world: World::new(Some(folder.path()), customers).await?,
            times: Vec::new(),
            units: 0.0,
            _folder: folder,
        });
    }
    for _ in 0..pages {
        for subject in &mut subjects {
            let event = subject.world.http_event("list-customers", &[("limit", LIMIT)], None)?;
            subject.world.store.take();
            let start = Instant::now();
            subject.world.run("list-customers", event).await?;
            subject.times.push(start.elapsed());
            subject.units = subject.world.store.take().iter().map(|charge| charge.units).sum();
        }
    }
    let shortest = median(&subjects[0].times)?;
    let mut table = Table::new(&["customers in the list", "page p50, µs", "× shortest", "read units"]);
    for subject in &subjects {
        let time = median(&subject.times)?;
        table.row(vec![
            subject.customers.to_string(),
            microseconds(time),
            ratio(time, shortest),
            subject.units.to_string(),
        ]);
    }
    table.print(&format!("A page of {LIMIT} customers ({pages} of each list, in turns)"));
    Ok(())
}
