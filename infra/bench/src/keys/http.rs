//! The same over HTTP: this service on the local cloud, the peer on its own server, each on one core, and the load from another.

use super::{Measured, Options, Peer, fresh};
use crate::server::{Cloud, Server, agent, key};
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

pub fn measure(own: &Path, peer: Option<&Peer>, folder: &Path, options: &Options) -> Result<(Rounds, Rounds)> {
    let ours = Ours::start(own, &fresh(folder, "cloud")?)?;
    let theirs = match peer {
        Some(peer) => Some(Theirs::start(peer, &fresh(folder, "peer")?)?),
        None => None,
    };
    let time = Duration::from_secs(options.seconds);
    ours.warm_up()?;
    if let Some(theirs) = &theirs {
        theirs.warm_up()?;
    }
    let (mut of_ours, mut of_theirs) = (Vec::new(), Vec::new());
    for round in 0..options.rounds {
        eprint!("\rover HTTP, {} of {}", round + 1, options.rounds);
        let rotating = ours.issue(200)?;
        let next = AtomicUsize::new(0);
        of_ours.push(vec![
            ours.cloud
                .server
                .load("verify", time, &|agent| ours.verify(agent, &ours.key))?,
            ours.cloud
                .server
                .load("verify-unknown", time, &|agent| ours.verify(agent, &ours.unknown))?,
            ours.cloud
                .server
                .load("create", time, &|agent| ours.create(agent).map(drop))?,
            ours.cloud.server.load_each("rotate", rotating.len(), &|agent| {
                let id = &rotating[next.fetch_add(1, Ordering::Relaxed)];
                ours.rotate(agent, id)
            })?,
        ]);
        if let Some(theirs) = &theirs {
            of_theirs.push(vec![
                theirs
                    .server
                    .load("verify", time, &|agent| theirs.verify(agent, &theirs.key))?,
                theirs
                    .server
                    .load("verify-unknown", time, &|agent| theirs.verify(agent, &theirs.unknown))?,
                theirs.server.load("create", time, &|agent| theirs.create(agent))?,
            ]);
        }
    }
    eprintln!();
    Ok((of_ours, of_theirs))
}

struct Ours {
    cloud: Cloud,
    keys: String,
    key: String,
    unknown: String,
}

impl Ours {
    fn start(own: &Path, data: &Path) -> Result<Self> {
        let cloud = Cloud::start(own, data, true)?;
        let agent = agent();
        let body = json!({"type": "Business", "name": "Bench", "isTenantCustomer": true});
        let customer = cloud.post(&agent, "/v1/customers", &body)?;
        let partitions = format!("/v1/customers/{}/partitions", key(&customer)?);
        let body = json!({"name": "Orders", "environment": "prod"});
        let partition = cloud.post(&agent, &partitions, &body)?;
        let keys = format!("{partitions}/{}/api-keys", key(&partition)?);
        let mut ours = Self {
            cloud,
            keys,
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
        self.cloud
            .server
            .load("verify", WARM_UP, &|agent| self.verify(agent, &self.key))?;
        self.cloud
            .server
            .load("create", WARM_UP, &|agent| self.create(agent).map(drop))?;
        Ok(())
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
        self.cloud
            .post(agent, &format!("{}/{id}/rotate", self.keys), &json!({}))
            .map(drop)
    }

    fn verify(&self, agent: &ureq::Agent, plaintext: &str) -> Result<()> {
        let mut answer = agent
            .post(format!("{}/v1/api-keys/verify", self.cloud.url))
            .send_json(json!({"plaintext": plaintext}))?;
        let answer: Value = answer.body_mut().read_json()?;
        ensure!(answer["valid"] == (plaintext == self.key), "{answer}");
        Ok(())
    }
}

struct Theirs {
    server: Server,
    url: String,
    key: String,
    unknown: String,
}

impl Theirs {
    fn start(peer: &Peer, data: &Path) -> Result<Self> {
        let mut child = peer
            .node("server.mjs")
            .args(["--port", "0", "--data"])
            .arg(data)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("node can't be run")?;
        let out = child.stdout.take().context("the peer says nothing")?;
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
