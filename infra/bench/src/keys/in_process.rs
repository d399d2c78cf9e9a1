//! API keys in this process: the functions are called one after the other, on a table in a file that is as durable as the local cloud's.

use crate::{measured::Measured, process::cpu_of, world::World};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::{
    path::Path,
    time::{Duration, Instant},
};

const WARM_UP: usize = 200;

/// Prints a line of JSON for each operation.
pub async fn run(folder: &Path, verify: usize, create: usize) -> Result<()> {
    let world = World::new(Some(folder), 1).await?;
    let keys = Keys::new(&world).await?;
    let issued = keys.issue().await?;
    let plaintext = issued["plaintext"].as_str().context("no plaintext")?.to_owned();
    let mut unknown = domain::plaintext::Plaintext::read(&plaintext).context("no key")?;
    unknown.key = domain::ApiKeyId::from_uuid(uuid::Uuid::now_v7());
    let known = |_: usize| keys.verify(&plaintext);
    let unknown = unknown.text();
    let unknown = |_: usize| keys.verify(&unknown);
    keys.time("verify", WARM_UP, &known).await?;
    print(&keys.time("verify", verify, &known).await?)?;
    print(&keys.time("verify-unknown", verify, &unknown).await?)?;
    let new = |_: usize| keys.create();
    keys.time("create", WARM_UP / 4, &new).await?;
    print(&keys.time("create", create, &new).await?)?;
    let mut ids = Vec::new();
    for _ in 0..create {
        ids.push(id(&keys.issue().await?)?);
    }
    print(&keys.time("rotate", create, &|n| keys.rotate(&ids[n])).await?)?;
    Ok(())
}

fn print(measured: &Measured) -> Result<()> {
    println!("{}", serde_json::to_string(measured)?);
    Ok(())
}

fn id(issued: &Value) -> Result<String> {
    Ok(issued["apiKey"]["key"].as_str().context("no key")?.to_owned())
}

/// The requests about the keys of one partition.
pub struct Keys<'w> {
    world: &'w World,
    customer: String,
    partition: String,
}

/// A function and its event.
type Call = (&'static str, Value);

impl<'w> Keys<'w> {
    pub async fn new(world: &'w World) -> Result<Self> {
        let customer = world.customer["key"].as_str().context("no customer")?.to_owned();
        let body = json!({"name": "Orders", "environment": "prod"});
        let partition = world
            .answer("create-partition", &[("customerKey", &customer)], Some(body))
            .await?;
        Ok(Self {
            world,
            customer,
            partition: partition["key"].as_str().context("no partition")?.to_owned(),
        })
    }

    pub async fn issue(&self) -> Result<Value> {
        let (function, event) = self.create()?;
        self.world.run(function, event).await
    }

    fn create(&self) -> Result<Call> {
        let path = [
            ("customerKey", self.customer.as_str()),
            ("partitionKey", self.partition.as_str()),
        ];
        let body = json!({"kind": "Custom", "name": "Key", "scopes": ["orders:read"]});
        let function = "create-api-key";
        Ok((function, self.world.http_event(function, &path, Some(body))?))
    }

    fn rotate(&self, id: &str) -> Result<Call> {
        let path = [
            ("customerKey", self.customer.as_str()),
            ("partitionKey", self.partition.as_str()),
            ("keyId", id),
        ];
        let function = "rotate-api-key";
        Ok((function, self.world.http_event(function, &path, Some(json!({})))?))
    }

    pub fn verify(&self, plaintext: &str) -> Result<Call> {
        let function = "verify-api-key";
        let body = json!({"plaintext": plaintext});
        Ok((function, self.world.http_event(function, &[], Some(body))?))
    }

    async fn time(&self, operation: &str, count: usize, call: &dyn Fn(usize) -> Result<Call>) -> Result<Measured> {
        let calls: Vec<Call> = (0..count).map(call).collect::<Result<_>>()?;
        let mut micros = Vec::with_capacity(count);
        let (before, start) = (cpu()?, Instant::now());
        for (function, event) in calls {
            let one = Instant::now();
            self.world.run(function, event).await?;
            micros.push(one.elapsed().as_secs_f64() * 1e6);
        }
        let (wall, cpu) = (start.elapsed(), cpu()?.saturating_sub(before));
        Ok(Measured::of(
            operation,
            micros,
            wall.as_secs_f64() * 1e6,
            cpu.as_secs_f64() * 1e6,
        ))
    }
}

/// The processor time that this process has used so far.
fn cpu() -> Result<Duration> {
    cpu_of(std::process::id())
}
