//! Cascades over ever more children: what one costs, and that the request that starts it costs the same.

use crate::{
    report::Table,
    server::{Cloud, agent, key},
};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::{
    env, thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

const CLIENTS: &[usize] = &[10, 100, 1000, 10_000];
/// Partitions, and keys of each.
const KEYS: &[(usize, usize)] = &[(1, 10), (1, 100), (5, 200), (50, 200)];
const PATIENCE: Duration = Duration::from_secs(600);

pub fn measure() -> Result<()> {
    let own = env::current_exe().context("this program's own place is not known")?;
    let folder = TempDir::new().context("no temporary folder can be made")?;
    let cloud = Cloud::start(&own, folder.path(), false)?;
    let mut table = Table::new(&["what", "children", "the request, ms", "all, s", "a child, ms"]);
    // The first starts the processes.
    keys(&cloud, 1, 10)?;
    for (partitions, each) in KEYS {
        eprint!("\rcascades, {partitions} × {each} keys        ");
        let (request, all) = keys(&cloud, *partitions, *each)?;
        table.row(row("customer deleted: keys ended", partitions * each, request, all));
    }
    clients(&cloud, 10)?;
    for children in CLIENTS {
        eprint!("\rcascades, {children} clients        ");
        for (what, request, all) in clients(&cloud, *children)? {
            table.row(row(what, *children, request, all));
        }
    }
    eprintln!();
    table.print("Cascades, on the local cloud");
    Ok(())
}

fn row(what: &str, children: usize, request: Duration, all: Duration) -> Vec<String> {
    vec![
        what.to_owned(),
        children.to_string(),
        format!("{:.1}", request.as_secs_f64() * 1e3),
        format!("{:.2}", all.as_secs_f64()),
        format!("{:.2}", all.as_secs_f64() * 1e3 / children as f64),
    ]
}

fn customer(cloud: &Cloud) -> Result<String> {
    let body = json!({"type": "Business", "name": "Bench", "isTenantCustomer": true});
    Ok(format!(
        "/v1/customers/{}",
        key(&cloud.post(&agent(), "/v1/customers", &body)?)?
    ))
}

/// Makes so many of something, several at a time.
fn make(cloud: &Cloud, path: &str, times: usize, body: &Value) -> Result<Option<Value>> {
    let last = std::sync::Mutex::new(None);
    cloud.server.load_each("make", times, &|agent| {
        let made = cloud.post(agent, path, body)?;
        *last.lock().map_err(|_| anyhow::anyhow!("somebody panicked"))? = Some(made);
        Ok(())
    })?;
    last.into_inner().map_err(|_| anyhow::anyhow!("somebody panicked"))
}

fn wait(what: &str, mut is_so: impl FnMut() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    while !is_so()? {
        ensure!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

type Row = (&'static str, Duration, Duration);

/// A customer's clients are disabled with it, and deleted with it.
fn clients(cloud: &Cloud, children: usize) -> Result<[Row; 2]> {
    let agent = agent();
    let customer = customer(cloud)?;
    let clients = format!("{customer}/clients");
    make(cloud, &clients, children, &json!({"name": "Client"}))?;
    let start = Instant::now();
    cloud.post(&agent, &format!("{customer}/deactivate"), &json!({}))?;
    let request = start.elapsed();
    // The last page comes last, and oldest come first: the newest client is the one to look at.
    wait("all clients to be disabled", || {
        // A page looks at a thousand: there may be pages with none before one with some.
        let mut cursor = String::new();
        loop {
            let page = cloud.get(&agent, &format!("{clients}?isDisabled=false&limit=1{cursor}"))?;
            let page = page.context("the customer is gone")?;
            match page["nextCursor"].as_str() {
                Some(next) if page["items"] == json!([]) => cursor = format!("&cursor={next}"),
                _ => return Ok(page["items"] == json!([])),
            }
        }
    })?;
    let disabled = ("customer disabled: clients disabled", request, start.elapsed());
    let start = Instant::now();
    cloud.delete(&agent, &customer)?;
    let request = start.elapsed();
    wait("all clients to be gone", || {
        Ok(cloud.get(&agent, &format!("{clients}?limit=1"))?.is_none())
    })?;
    Ok([
        disabled,
        ("customer deleted: clients deleted", request, start.elapsed()),
    ])
}

fn keys(cloud: &Cloud, partitions: usize, each: usize) -> Result<(Duration, Duration)> {
    let agent = agent();
    let customer = customer(cloud)?;
    let mut lists = Vec::new();
    let mut samples = Vec::new();
    for n in 0..partitions {
        let body = json!({"name": format!("P{n}"), "environment": "qa"});
        let partition = key(&cloud.post(&agent, &format!("{customer}/partitions"), &body)?)?;
        let keys = format!("{customer}/partitions/{partition}/api-keys");
        let last = make(cloud, &keys, each, &json!({"kind": "Admin", "name": "Key"}))?;
        samples.push(last.context("no key was made")?["plaintext"].clone());
        lists.push(keys);
    }
    let is_valid = |plaintext: &Value| -> Result<bool> {
        let answer = cloud.post(&agent, "/v1/api-keys/verify", &json!({"plaintext": plaintext}))?;
        Ok(answer["valid"] == true)
    };
    for sample in &samples {
        ensure!(is_valid(sample)?, "a key does not work");
    }
    let start = Instant::now();
    cloud.delete(&agent, &customer)?;
    let request = start.elapsed();
    for sample in &samples {
        ensure!(!is_valid(sample)?, "a key outlived its customer");
    }
    for keys in &lists {
        wait("all keys to be ended", || {
            Ok(cloud.get(&agent, &format!("{keys}?status=Active&limit=1"))?.is_none())
        })?;
    }
    Ok((request, start.elapsed()))
}
