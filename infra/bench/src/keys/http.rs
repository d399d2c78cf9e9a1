//! API keys over HTTP: this service on the local cloud, and the peer on its own server. Each server has one core; the load comes from the
//! others.

use super::peer::Peer;
use crate::{
    cloud::{self, Cloud, key},
    measured::Measured,
    server::{Server, agent},
};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::Stdio,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

const WARM_UP: Duration = Duration::from_secs(2);

type Rounds = Vec<Vec<Measured>>;

/// The figures of both sides, round by round; each operation lasts `time`.
pub fn measure(ours: &Ours, theirs: Option<&Theirs>, rounds: usize, time: Duration) -> Result<(Rounds, Rounds)> {
    ours.warm_up()?;
    if let Some(theirs) = theirs {
        theirs.warm_up()?;
    }
    let (mut of_ours, mut of_theirs) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        eprint!("\rover HTTP, {} of {rounds}", round + 1);
        of_ours.push(ours.round(time)?);
        if let Some(theirs) = theirs {
            of_theirs.push(theirs.round(time)?);
        }
    }
    eprintln!();
    Ok((of_ours, of_theirs))
}

/// The local cloud, with one partition.
pub struct Ours {
    server: Server,
    cloud: Cloud,
    /// The path of the partition's keys.
    keys: String,
    key: String,
    unknown: String,
}

impl Ours {
    pub fn start(data: &Path) -> Result<Self> {
        let (server, cloud) = cloud::start(data, true)?;
        let agent = agent();
        let body = json!({"type": "Business", "name": "Bench", "isTenantCustomer": true});
        let customer = cloud.post(&agent, "/v1/customers", &body)?;
        let partitions = format!("/v1/customers/{}/partitions", key(&customer)?);
        let body = json!({"name": "Orders", "environment": "prod"});
        let partition = cloud.post(&agent, &partitions, &body)?;
        let mut ours = Self {
            server,
            cloud,
            keys: format!("{partitions}/{}/api-keys", key(&partition)?),
            key: String::new(),
            unknown: String::new(),
        };
        let issued = ours.create(&agent)?;
        ours.key = issued["plaintext"].as_str().context("no plaintext")?.to_owned();
        let mut unknown = domain::plaintext::Plaintext::read(&ours.key).context("no key")?;
        unknown.key = domain::ApiKeyId::from_uuid(uuid::Uuid::now_v7());
        ours.unknown = unknown.text();
        Ok(ours)
    }

    fn warm_up(&self) -> Result<()> {
        self.server
            .load("verify", WARM_UP, &|agent| self.verify(agent, &self.key))?;
        self.server
            .load("create", WARM_UP, &|agent| self.create(agent).map(drop))?;
        Ok(())
    }

    fn round(&self, time: Duration) -> Result<Vec<Measured>> {
        let rotating = self.issue(200)?;
        let next = AtomicUsize::new(0);
        let server = &self.server;
        Ok(vec![
            server.load("verify", time, &|agent| self.verify(agent, &self.key))?,
            server.load("verify-unknown", time, &|agent| self.verify(agent, &self.unknown))?,
            server.load("create", time, &|agent| self.create(agent).map(drop))?,
            server.load_each("rotate", rotating.len(), &|agent| {
                self.rotate(agent, &rotating[next.fetch_add(1, Ordering::Relaxed)])
            })?,
        ])
    }

    fn create(&self, agent: &ureq::Agent) -> Result<Value> {
        let body = json!({"kind": "Custom", "name": "Key", "scopes": ["orders:read"]});
        self.cloud.post(agent, &self.keys, &body)
    }

    fn issue(&self, keys: usize) -> Result<Vec<String>> {
        let agent = agent();
        (0..keys).map(|_| key(&self.create(&agent)?["apiKey"])).collect()
    }

    fn rotate(&self, agent: &ureq::Agent, id: &str) -> Result<()> {
        let path = format!("{}/{id}/rotate", self.keys);
        self.cloud.post(agent, &path, &json!({})).map(drop)
    }

    fn verify(&self, agent: &ureq::Agent, plaintext: &str) -> Result<()> {
        let body = json!({"plaintext": plaintext});
        let answer = self.cloud.post_public(agent, "/v1/api-keys/verify", &body)?;
        ensure!(answer["valid"] == (plaintext == self.key), "{answer}");
        Ok(())
    }
}

/// The peer's server.
pub struct Theirs {
    server: Server,
    url: String,
    key: String,
    unknown: String,
}

impl Theirs {
    pub fn start(peer: &Peer, data: &Path) -> Result<Self> {
        let mut child = peer
            .node("server.mjs")
            .args(["--port", "0", "--data"])
            .arg(data)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("node can't be run")?;
        let out = child.stdout.take().context("the peer has no standard output")?;
        let mut line = String::new();
        let server = Server::of(child);
        BufReader::new(out).read_line(&mut line)?;
        let ready: Value = serde_json::from_str(&line).context("the peer did not start")?;
        eprintln!("the peer: {}", ready["versions"]);
        ensure!(
            ready["journalMode"] == "wal" && ready["synchronous"] == 2,
            "the peer is less durable than this service: {ready}"
        );
        let key = ready["key"].as_str().context("the peer has no key")?.to_owned();
        let last = if key.ends_with('a') { 'b' } else { 'a' };
        Ok(Self {
            server,
            url: ready["url"].as_str().context("the peer has no url")?.to_owned(),
            unknown: format!("{}{last}", &key[..key.len() - 1]),
            key,
        })
    }

    fn warm_up(&self) -> Result<()> {
        self.server
            .load("verify", WARM_UP, &|agent| self.verify(agent, &self.key))?;
        self.server.load("create", WARM_UP, &|agent| self.create(agent))?;
        Ok(())
    }

    fn round(&self, time: Duration) -> Result<Vec<Measured>> {
        let server = &self.server;
        Ok(vec![
            server.load("verify", time, &|agent| self.verify(agent, &self.key))?,
            server.load("verify-unknown", time, &|agent| self.verify(agent, &self.unknown))?,
            server.load("create", time, &|agent| self.create(agent))?,
        ])
    }

    fn verify(&self, agent: &ureq::Agent, key: &str) -> Result<()> {
        let mut answer = agent
            .post(format!("{}/verify", self.url))
            .send_json(json!({"key": key}))?;
        let answer: Value = answer.body_mut().read_json()?;
        ensure!(answer["valid"] == (key == self.key), "{answer}");
        Ok(())
    }

    fn create(&self, agent: &ureq::Agent) -> Result<()> {
        let mut answer = agent
            .post(format!("{}/create", self.url))
            .send_json(json!({"name": "Key"}))?;
        let answer: Value = answer.body_mut().read_json()?;
        ensure!(answer["key"].is_string(), "{answer}");
        Ok(())
    }
}
