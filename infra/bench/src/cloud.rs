//! The local cloud: started by this program, or one that runs already.

use crate::{process::pinned, server::Server};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::{
    env,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// More than enough for the slowest start.
const PATIENCE: Duration = Duration::from_secs(120);

/// The API of a local cloud, called by its administrator.
pub struct Cloud {
    url: String,
    token: String,
}

/// Starts the local cloud of this program's own build on a data folder; on one core, or on all.
pub fn start(data: &Path, on_one_core: bool) -> Result<(Server, Cloud)> {
    let own = env::current_exe().context("the path of this program is unknown")?;
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
        .args(["--no-build", "--profile", profile])
        .args(["--port", "0", "--aws-port", "0", "--data"])
        .arg(data)
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| format!("{} can't be run: {build}", local.display()))?;
    let mut server = Server::of(child);
    let end = Instant::now() + PATIENCE;
    while !data.join("ready.json").exists() {
        ensure!(
            Instant::now() < end && server.is_running(),
            "the local cloud did not start: {build}"
        );
        thread::sleep(Duration::from_millis(50));
    }
    Ok((server, Cloud::running_on(data)?))
}

impl Cloud {
    /// The local cloud that runs on a data folder.
    pub fn running_on(data: &Path) -> Result<Self> {
        let ready = std::fs::read(data.join("ready.json"))
            .with_context(|| format!("no local cloud runs on {}: start `cargo local` first", data.display()))?;
        let ready: Value = serde_json::from_slice(&ready).context("ready.json is not JSON")?;
        let text = |name: &str| {
            let text = ready[name].as_str().map(str::to_owned);
            text.with_context(|| format!("ready.json has no {name}"))
        };
        Ok(Self {
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

    /// As `post`, without a token.
    pub fn post_public(&self, agent: &ureq::Agent, path: &str, body: &Value) -> Result<Value> {
        let mut answer = agent.post(format!("{}{path}", self.url)).send_json(body)?;
        Ok(answer.body_mut().read_json()?)
    }

    /// `None` for a 404.
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

pub fn key(entity: &Value) -> Result<String> {
    Ok(entity["key"].as_str().context("an entity without a key")?.to_owned())
}
