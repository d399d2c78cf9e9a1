//! Servers that are measured from outside: processes of their own, asked over HTTP.

use crate::keys::{Measured, pinned};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::{
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
/// More than enough for the slowest start.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server process, with whatever it started.
pub struct Server(Child);

impl Server {
    pub fn of(child: Child) -> Self {
        Self(child)
    }

    /// Asks for so long, from several connections.
    pub fn load(
        &self,
        operation: &str,
        time: Duration,
        ask: &(dyn Fn(&ureq::Agent) -> Result<()> + Sync),
    ) -> Result<Measured> {
        let end = Instant::now() + time;
        self.run(operation, &|| Instant::now() < end, ask)
    }

    /// Asks so often.
    pub fn load_each(
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

pub fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(30)))
        .build()
        .into()
}

/// The local cloud, of the same build as this program, with functions of the same build.
pub struct Cloud {
    pub server: Server,
    pub url: String,
    token: String,
}

impl Cloud {
    /// On a data folder; on one core, or on all.
    pub fn start(own: &Path, data: &Path, on_one_core: bool) -> Result<Self> {
        let local = own.with_file_name("local");
        let profile = own
            .parent()
            .and_then(Path::file_name)
            .and_then(|name| name.to_str())
            .context("this program is in no target folder")?;
        ensure!(
            profile != "debug",
            "these are figures of optimised builds: run this with `--profile fast`"
        );
        let build = format!("build everything first, with `cargo build --profile {profile} --workspace --bins`");
        let mut command = match on_one_core {
            true => pinned(&local),
            false => Command::new(&local),
        };
        let child = command
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
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
            .with_context(|| format!("{} can't be run: {build}", local.display()))?;
        let mut server = Server(child);
        let ready = data.join("ready.json");
        let end = Instant::now() + PATIENCE;
        while !ready.exists() {
            ensure!(
                Instant::now() < end && matches!(server.0.try_wait(), Ok(None)),
                "the local cloud did not start: {build}"
            );
            thread::sleep(Duration::from_millis(50));
        }
        let ready: Value = serde_json::from_slice(&std::fs::read(&ready)?)?;
        let text = |name: &str| {
            let text = ready[name].as_str().context("ready.json is not as it should be")?;
            Ok::<_, anyhow::Error>(text.to_owned())
        };
        Ok(Self {
            server,
            url: text("apiUrl")?,
            token: text("adminToken")?,
        })
    }

    pub fn post(&self, agent: &ureq::Agent, path: &str, body: &Value) -> Result<Value> {
        let mut answer = agent
            .post(format!("{}{path}", self.url))
            .header("authorization", &self.bearer())
            .send_json(body)?;
        Ok(answer.body_mut().read_json()?)
    }

    /// What is there; nothing where nothing is.
    pub fn get(&self, agent: &ureq::Agent, path: &str) -> Result<Option<Value>> {
        let request = agent.get(format!("{}{path}", self.url));
        match request.header("authorization", &self.bearer()).call() {
            Ok(mut answer) => Ok(Some(answer.body_mut().read_json()?)),
            Err(ureq::Error::StatusCode(404)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub fn delete(&self, agent: &ureq::Agent, path: &str) -> Result<()> {
        let request = agent.delete(format!("{}{path}", self.url));
        request.header("authorization", &self.bearer()).call()?;
        Ok(())
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }
}

pub fn key(of: &Value) -> Result<String> {
    Ok(of["key"].as_str().context("an entity without a key")?.to_owned())
}
