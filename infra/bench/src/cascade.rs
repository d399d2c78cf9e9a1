//! Cascades over ever more children: the time that one child takes, and the time of the request that starts the cascade.

use crate::{
    cloud::{self, Cloud, key},
    report::Table,
    server::{Server, agent},
};
use anyhow::{Context, Result, anyhow, ensure};
use serde_json::{Value, json};
use std::{
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

const CLIENTS: &[usize] = &[10, 100, 1000, 10_000];
/// Partitions, and keys in each.
const KEYS: &[(usize, usize)] = &[(1, 10), (1, 100), (5, 200), (50, 200)];
const PATIENCE: Duration = Duration::from_secs(600);

pub fn measure() -> Result<()> {
    let folder = TempDir::new().context("a temporary folder can't be created")?;
    let (server, cloud) = cloud::start(folder.path(), false)?;
    let on = Local { server, cloud };
    let mut table = Table::new(&["cascade", "children", "request, ms", "all children, s", "per child, ms"]);
    // The first one starts the functions' processes.
    on.keys(1, 10)?;
    for (partitions, each) in KEYS {
        eprint!("\rcascades, {partitions} × {each} keys        ");
        let times = on.keys(*partitions, *each)?;
        table.row(row("customer deleted: keys expired", partitions * each, times));
    }
    on.clients(10)?;
    for children in CLIENTS {
        eprint!("\rcascades, {children} clients        ");
        let [disabled, deleted] = on.clients(*children)?;
        table.row(row("customer disabled: clients disabled", *children, disabled));
        table.row(row("customer deleted: clients deleted", *children, deleted));
    }
    eprintln!();
    table.print("Cascades, on the local cloud");
    Ok(())
}

/// The time of the request, and that until all children have followed.
type Times = (Duration, Duration);

fn row(cascade: &str, children: usize, (request, all): Times) -> Vec<String> {
    vec![
        cascade.to_owned(),
        children.to_string(),
        format!("{:.1}", request.as_secs_f64() * 1e3),
        format!("{:.2}", all.as_secs_f64()),
        format!("{:.2}", all.as_secs_f64() * 1e3 / children as f64),
    ]
}

fn wait(what: &str, mut is_so: impl FnMut() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    while !is_so()? {
        ensure!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

struct Local {
    server: Server,
    cloud: Cloud,
}

impl Local {
    /// Creates a customer; its path.
    fn customer(&self) -> Result<String> {
        let body = json!({"type": "Business", "name": "Bench", "isTenantCustomer": true});
        let customer = self.cloud.post(&agent(), "/v1/customers", &body)?;
        Ok(format!("/v1/customers/{}", key(&customer)?))
    }

    /// Creates this many entities, several at a time; the last answer.
    fn create(&self, path: &str, times: usize, body: &Value) -> Result<Value> {
        let last = Mutex::new(Value::Null);
        self.server.load_each("create", times, &|agent| {
            let created = self.cloud.post(agent, path, body)?;
            *last.lock().map_err(|_| anyhow!("a caller panicked"))? = created;
            Ok(())
        })?;
        last.into_inner().map_err(|_| anyhow!("a caller panicked"))
    }

    /// A customer's clients are disabled with it, and deleted with it.
    fn clients(&self, children: usize) -> Result<[Times; 2]> {
        let agent = agent();
        let customer = self.customer()?;
        let clients = format!("{customer}/clients");
        self.create(&clients, children, &json!({"name": "Client"}))?;
        let start = Instant::now();
        self.cloud.post(&agent, &format!("{customer}/deactivate"), &json!({}))?;
        let request = start.elapsed();
        wait("all clients to be disabled", || self.all_are_disabled(&agent, &clients))?;
        let disabled = (request, start.elapsed());
        let start = Instant::now();
        self.cloud.delete(&agent, &customer)?;
        let request = start.elapsed();
        wait("all clients to be gone", || {
            Ok(self.cloud.get(&agent, &format!("{clients}?limit=1"))?.is_none())
        })?;
        Ok([disabled, (request, start.elapsed())])
    }

    fn all_are_disabled(&self, agent: &ureq::Agent, clients: &str) -> Result<bool> {
        // One request reads a thousand clients: an empty page can have a next one that is not empty.
        let mut cursor = String::new();
        loop {
            let page = format!("{clients}?isDisabled=false&limit=1{cursor}");
            let page = self.cloud.get(agent, &page)?.context("the customer is gone")?;
            let is_empty = page["items"] == json!([]);
            match page["nextCursor"].as_str() {
                Some(next) if is_empty => cursor = format!("&cursor={next}"),
                _ => return Ok(is_empty),
            }
        }
    }

    /// A customer's keys expire when it is deleted.
    fn keys(&self, partitions: usize, each: usize) -> Result<Times> {
        let agent = agent();
        let customer = self.customer()?;
        let mut lists = Vec::new();
        let mut samples = Vec::new();
        for n in 0..partitions {
            let body = json!({"name": format!("P{n}"), "environment": "qa"});
            let partition = self.cloud.post(&agent, &format!("{customer}/partitions"), &body)?;
            let keys = format!("{customer}/partitions/{}/api-keys", key(&partition)?);
            let last = self.create(&keys, each, &json!({"kind": "Admin", "name": "Key"}))?;
            samples.push(last["plaintext"].clone());
            lists.push(keys);
        }
        let is_valid = |plaintext: &Value| -> Result<bool> {
            let body = json!({"plaintext": plaintext});
            Ok(self.cloud.post(&agent, "/v1/api-keys/verify", &body)?["valid"] == true)
        };
        for sample in &samples {
            ensure!(is_valid(sample)?, "a new key is not valid");
        }
        let start = Instant::now();
        self.cloud.delete(&agent, &customer)?;
        let request = start.elapsed();
        for sample in &samples {
            ensure!(!is_valid(sample)?, "a key outlived its customer");
        }
        for keys in &lists {
            wait("all keys to expire", || {
                let active = format!("{keys}?status=Active&limit=1");
                Ok(self.cloud.get(&agent, &active)?.is_none())
            })?;
        }
        Ok((request, start.elapsed()))
    }
}
