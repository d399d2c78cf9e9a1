//! The same over HTTP: this service on the local cloud, the peer on its own server, each on one core, and the load from another.

use super::{Measured, Options, Peer, fresh, pinned};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// How many ask at a time.
const CONNECTIONS: usize = 4;
const WARM_UP: Duration = Duration::from_secs(2);
/// More than enough for the slowest start.
const PATIENCE: Duration = Duration::from_secs(120);

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
            ours.server
                .load("verify", time, &|agent| ours.verify(agent, &ours.key))?,
            ours.server
                .load("verify-unknown", time, &|agent| ours.verify(agent, &ours.unknown))?,
            ours.server
                .load("create", time, &|agent| ours.create(agent).map(drop))?,
            ours.server.load_each("rotate", rotating.len(), &|agent| {
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

/// A server process, with whatever it started.
struct Server(Child);

impl Server {
    /// Asks for so long, from several connections.
    fn load(
        &self,
        operation: &str,
        time: Duration,
        ask: &(dyn Fn(&ureq::Agent) -> Result<()> + Sync),
    ) -> Result<Measured> {
        let end = Instant::now() + time;
        self.run(operation, &|| Instant::now() < end, ask)
    }

    /// Asks so often.
    fn load_each(
        &self,
        operation: &str,
        times: usize,
        ask: &(dyn Fn(&ureq::Agent) -> Result<()> + Sync),
    ) -> Result<Measured> {
        let left = AtomicUsize::new(times);
        let goes_on = || {
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                .is_ok()
        };
        self.run(operation, &goes_on, ask)
    }

    fn run(
        &self,
        operation: &str,
        goes_on: &(dyn Fn() -> bool + Sync),
        ask: &(dyn Fn(&ureq::Agent) -> Result<()> + Sync),
    ) -> Result<Measured> {
        let micros = Mutex::new(Vec::new());
        let failed = AtomicBool::new(false);
        let (before, start) = (self.cpu()?, Instant::now());
        thread::scope(|scope| {
            let asking: Vec<_> = (0..CONNECTIONS)
                .map(|_| {
                    scope.spawn(|| -> Result<()> {
                        let agent = agent();
                        let mut own = Vec::new();
                        while !failed.load(Ordering::Relaxed) && goes_on() {
                            let one = Instant::now();
                            ask(&agent).inspect_err(|_| failed.store(true, Ordering::Relaxed))?;
                            own.push(one.elapsed().as_secs_f64() * 1e6);
                        }
                        micros
                            .lock()
                            .map_err(|_| anyhow::anyhow!("somebody panicked"))?
                            .extend(own);
                        Ok(())
                    })
                })
                .collect();
            asking
                .into_iter()
                .try_for_each(|one| one.join().map_err(|_| anyhow::anyhow!("somebody panicked"))?)
        })?;
        let (wall, cpu) = (start.elapsed(), self.cpu()?.saturating_sub(before));
        let micros = micros.into_inner().map_err(|_| anyhow::anyhow!("somebody panicked"))?;
        Ok(Measured::of(
            operation,
            micros,
            wall.as_secs_f64() * 1e6,
            cpu.as_secs_f64() * 1e6,
        ))
    }

    fn cpu(&self) -> Result<Duration> {
        crate::process::cpu_of_tree(self.0.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // As Ctrl-C would, so that it ends what it started.
        let asked = Command::new("kill").arg("-INT").arg(self.0.id().to_string()).status();
        if asked.is_ok() {
            let end = Instant::now() + Duration::from_secs(10);
            while Instant::now() < end && matches!(self.0.try_wait(), Ok(None)) {
                thread::sleep(Duration::from_millis(50));
            }
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(30)))
        .build()
        .into()
}

struct Ours {
    server: Server,
    url: String,
    token: String,
    keys: String,
    key: String,
    unknown: String,
}

impl Ours {
    /// The local cloud of the same build, with functions of the same build.
    fn start(own: &Path, data: &Path) -> Result<Self> {
        let local = own.with_file_name("local");
        let profile = own
            .parent()
            .and_then(Path::file_name)
            .and_then(|name| name.to_str())
            .context("this program is in no target folder")?;
        ensure!(
            profile != "debug",
            "these are figures of optimised builds: `cargo run --profile fast --bin bench -- keys`"
        );
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let child = pinned(&local)
            .current_dir(&root)
            .args([
                "--no-build",
                "--profile",
                profile,
                "--port",
                "0",
                "--aws-port",
                "0",
                "--data",
            ])
            .arg(data)
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| {
                format!(
                    "{} can't be run: build the workspace with --profile {profile}",
                    local.display()
                )
            })?;
        let mut server = Server(child);
        let ready = data.join("ready.json");
        let end = Instant::now() + PATIENCE;
        while !ready.exists() {
            ensure!(
                Instant::now() < end && matches!(server.0.try_wait(), Ok(None)),
                "the local cloud did not start: build everything first, with `cargo build --profile {profile} --workspace --bins`"
            );
            thread::sleep(Duration::from_millis(50));
        }
        let ready: Value = serde_json::from_slice(&std::fs::read(&ready)?)?;
        let text = |name: &str| {
            Ok::<_, anyhow::Error>(
                ready[name]
                    .as_str()
                    .context("ready.json is not as it should be")?
                    .to_owned(),
            )
        };
        let mut ours = Self {
            server,
            url: text("apiUrl")?,
            token: text("adminToken")?,
            keys: String::new(),
            key: String::new(),
            unknown: String::new(),
        };
        let agent = agent();
        let body = json!({"type": "Business", "name": "Bench", "isTenantCustomer": true});
        let customer = ours.post(&agent, "/v1/customers", &body)?;
        let partitions = format!(
            "/v1/customers/{}/partitions",
            customer["key"].as_str().context("no key")?
        );
        let body = json!({"name": "Orders", "environment": "prod"});
        let partition = ours.post(&agent, &partitions, &body)?;
        ours.keys = format!("{partitions}/{}/api-keys", partition["key"].as_str().context("no key")?);
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

    fn post(&self, agent: &ureq::Agent, path: &str, body: &Value) -> Result<Value> {
        let mut answer = agent
            .post(format!("{}{path}", self.url))
            .header("authorization", &format!("Bearer {}", self.token))
            .send_json(body)?;
        Ok(answer.body_mut().read_json()?)
    }

    fn create(&self, agent: &ureq::Agent) -> Result<Value> {
        let body = json!({"kind": "Custom", "name": "Key", "scopes": ["orders:read"]});
        self.post(agent, &self.keys, &body)
    }

    fn issue(&self, keys: usize) -> Result<Vec<String>> {
        let agent = agent();
        let id = |issued: Value| Ok(issued["apiKey"]["key"].as_str().context("no key")?.to_owned());
        (0..keys).map(|_| id(self.create(&agent)?)).collect()
    }

    fn rotate(&self, agent: &ureq::Agent, id: &str) -> Result<()> {
        self.post(agent, &format!("{}/{id}/rotate", self.keys), &json!({}))
            .map(drop)
    }

    fn verify(&self, agent: &ureq::Agent, plaintext: &str) -> Result<()> {
        let mut answer = agent
            .post(format!("{}/v1/api-keys/verify", self.url))
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
        let server = Server(child);
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
