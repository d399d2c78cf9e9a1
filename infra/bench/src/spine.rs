//! From a write to its effect: the time from a customer's creation to that of its headquarters, on a running local cloud. Both times come
//! from the answers, so nothing is timed from outside.

use crate::{
    cloud::{Cloud, key},
    report::Table,
    server::agent,
};
use anyhow::{Context, Result, ensure};
use chrono::DateTime;
use serde_json::{Value, json};
use std::{
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

/// Slow enough that one customer is done before the next comes: this measures latency, not throughput.
const PACE: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(10);

pub fn measure(data: &Path, customers: usize) -> Result<()> {
    let cloud = Cloud::running_on(data)?;
    // The first one starts the functions' processes.
    latency(&cloud)?;
    let mut latencies = Vec::new();
    for _ in 0..customers {
        latencies.push(latency(&cloud)?);
        sleep(PACE);
    }
    latencies.sort_unstable();
    let mut table = Table::new(&["customers", "p50, ms", "p99, ms"]);
    table.row(vec![
        customers.to_string(),
        latencies[customers / 2].to_string(),
        latencies[customers * 99 / 100].to_string(),
    ]);
    table.print("From the creation of a customer to that of its headquarters, through stream, trigger, bus, rule, queue and task");
    Ok(())
}

/// Milliseconds from one customer's creation to its headquarters'.
fn latency(cloud: &Cloud) -> Result<i64> {
    let agent = agent();
    let body = json!({"type": "Business", "name": "Bench", "isTenantCustomer": true, "address": {"line1": "1 Main Street", "city": "Springfield"}});
    let customer = cloud.post(&agent, "/v1/customers", &body)?;
    let locations = format!("/v1/customers/{}/locations", key(&customer)?);
    let start = Instant::now();
    loop {
        let page = cloud.get(&agent, &locations)?.context("the customer is gone")?;
        if let Some(location) = page["items"].get(0) {
            return Ok(created_at(location)? - created_at(&customer)?);
        }
        ensure!(start.elapsed() < PATIENCE, "{locations} has no headquarters");
        sleep(Duration::from_millis(5));
    }
}

/// In milliseconds since 1970.
fn created_at(entity: &Value) -> Result<i64> {
    let text = entity["createdAt"].as_str().context("an answer has no createdAt")?;
    Ok(DateTime::parse_from_rfc3339(text)?.timestamp_millis())
}
