//! The functions called in this process, one after the other, over a table in a file: no HTTP, no Lambda, and no less durable.

use crate::{measured::Measured, process::cpu_of, world::World};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::{
    path::Path,
    time::{Duration, Instant},
};

const WARM_UP: usize = 200;

/// Prints a line for each operation.
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
    say(&keys.time("verify", verify, &known).await?)?;
    say(&keys.time("verify-unknown", verify, &unknown).await?)?;
    let new = |_: usize| keys.create();
    keys.time("create", WARM_UP / 4, &new).await?;
    say(&keys.time("create", create, &new).await?)?;
    let mut ids = Vec::new();
    for _ in 0..create {
        ids.push(id(&keys.issue().await?)?);
    }
    say(&keys.time("rotate", create, &|n| keys.rotate(&ids[n])).await?)?;
    Ok(())
}

fn say(measured: &Measured) -> Result<()> {
    println!("{}", serde_json::to_string(measured)?);
    Ok(())
}

fn id(issued: &Value) -> Result<String> {
    Ok(issued["apiKey"]["key"].as_str().context("no key")?.to_owned())
}

/// A partition whose keys are asked for.
pub struct Keys<'w> {
    world: &'w World,
    customer: String,
    partition: String,
}

type Asked = (&'static str, Value);

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

    fn create(&self) -> Result<Asked> {
        let path = [
            ("customerKey", self.customer.as_str()),
            ("partitionKey", self.partition.as_str()),
        ];
        let body = json!({"kind": "Custom", "name": "Key", "scopes": ["orders:read"]});
        let function = "create-api-key";
        Ok((function, self.world.http_event(function, &path, Some(body))?))
    }

    fn rotate(&self, id: &str) -> Result<Asked> {
        let path = [
            ("customerKey", self.customer.as_str()),
            ("partitionKey", self.partition.as_str()),
            ("keyId", id),
        ];
        let function = "rotate-api-key";
        Ok((function, self.world.http_event(function, &path, Some(json!({})))?))
    }

    pub fn verify(&self, plaintext: &str) -> Result<Asked> {
        let function = "verify-api-key";
        let body = json!({"plaintext": plaintext});
        Ok((function, self.world.http_event(function, &[], Some(body))?))
    }

    async fn time(&self, operation: &str, count: usize, ask: &dyn Fn(usize) -> Result<Asked>) -> Result<Measured> {
        let asked: Vec<Asked> = (0..count).map(ask).collect::<Result<_>>()?;
        let mut micros = Vec::with_capacity(count);
        let (before, start) = (cpu()?, Instant::now());
        for (function, event) in asked {
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

/// The processor time of this process so far.
fn cpu() -> Result<Duration> {
    cpu_of(std::process::id())
}
