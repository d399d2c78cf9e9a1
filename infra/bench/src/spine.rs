//! From a write to its effect: how long after a customer was made its headquarters is made, on a running local cloud. Both moments are
//! in the answers, so nothing is measured from outside.

use crate::report::Table;
use anyhow::{Context, Result, ensure};
use chrono::DateTime;
use serde_json::{Value, json};
use std::{
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

/// Slow enough that one customer is done before the next comes: it is latency that is measured, not throughput.
const PACE: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(10);

struct Cloud {
    agent: ureq::Agent,
    url: String,
    token: String,
}

pub fn measure(data: &Path, customers: usize) -> Result<()> {
    let ready = std::fs::read(data.join("ready.json"))
        .with_context(|| format!("no local cloud runs on {}: start `cargo local` first", data.display()))?;
    let ready: Value = serde_json::from_slice(&ready).context("ready.json is not JSON")?;
    let cloud = Cloud {
        agent: ureq::Agent::new_with_defaults(),
        url: ready["apiUrl"]
            .as_str()
            .context("ready.json names no apiUrl")?
            .to_owned(),
        token: ready["adminToken"]
            .as_str()
            .context("ready.json has no adminToken")?
            .to_owned(),
    };
    // The first starts the processes.
    cloud.latency()?;
    let mut latencies = Vec::new();
    for _ in 0..customers {
        latencies.push(cloud.latency()?);
        sleep(PACE);
    }
    latencies.sort_unstable();
    let mut table = Table::new(&["customers", "p50, ms", "p99, ms"]);
    table.row(vec![
        customers.to_string(),
        latencies[customers / 2].to_string(),
        latencies[customers * 99 / 100].to_string(),
    ]);
    table.print("From a customer's creation to its headquarters', through stream, trigger, bus, rule, queue and task");
    Ok(())
}

impl Cloud {
    /// Milliseconds from one customer's creation to its headquarters'.
    fn latency(&self) -> Result<i64> {
        let body = json!({"type": "Business", "name": "Bench", "isTenantCustomer": true, "address": {"line1": "1 Main Street"}});
        let mut answer = self
            .agent
            .post(format!("{}/v1/customers", self.url))
            .header("authorization", &self.bearer())
            .send_json(&body)?;
        let customer: Value = answer.body_mut().read_json()?;
        let key = customer["key"].as_str().context("a customer has no key")?;
        let start = Instant::now();
        loop {
            let mut answer = self
                .agent
                .get(format!("{}/v1/customers/{key}/locations", self.url))
                .header("authorization", &self.bearer())
                .call()?;
            let page: Value = answer.body_mut().read_json()?;
            if let Some(location) = page["items"].get(0) {
                return Ok(made_at(location)? - made_at(&customer)?);
            }
            ensure!(start.elapsed() < PATIENCE, "customer {key} got no headquarters");
            sleep(Duration::from_millis(5));
        }
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }
}

fn made_at(thing: &Value) -> Result<i64> {
    let text = thing["createdAt"].as_str().context("an answer has no createdAt")?;
    Ok(DateTime::parse_from_rfc3339(text)?.timestamp_millis())
}
