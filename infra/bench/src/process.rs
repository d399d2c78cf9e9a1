//! A function's process, started as Lambda starts it, and the time and memory that it has used.

use crate::runtime_api::{Answer, RuntimeApi};
use anyhow::{Context, Result, bail, ensure};
use std::{
    ffi::OsStr,
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};
use tokio::time::{sleep, timeout};

/// Far longer than any invocation takes: a function that has not answered by then hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// The core that is measured. The load comes from the others.
const CORE: &str = "0";

/// A program on the core that is measured.
pub fn pinned(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", CORE]).arg(program);
    command
}

pub struct Process {
    name: String,
    child: Child,
    api: RuntimeApi,
}

impl Process {
    /// Starts a binary that is to serve this function.
    pub async fn start(binary: &Path, function: &str, settings: &[(&'static str, String)]) -> Result<Self> {
        let name = function.to_owned();
        let api = RuntimeApi::serve().await?;
        let child = Command::new(binary)
            .env_clear()
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .env("AWS_LAMBDA_RUNTIME_API", &api.address)
            .env("_HANDLER", &name)
            .env("AWS_LAMBDA_FUNCTION_NAME", &name)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("{} can't be started", binary.display()))?;
        Ok(Self { name, child, api })
    }

    /// Sends an event and waits for the answer. The process is idle, and can be inspected, until the answer is dropped.
    pub async fn invoke(&mut self, event: String) -> Result<Answer> {
        let answer = match timeout(PATIENCE, self.api.invoke(event)).await {
            Ok(answer) => answer?,
            Err(_) => match self.child.try_wait()? {
                Some(status) => bail!("{} ended before it answered ({status})", self.name),
                None => bail!("{} did not answer within {} s", self.name, PATIENCE.as_secs()),
            },
        };
        ensure!(answer.is_good, "{} failed: {}", self.name, answer.body);
        Ok(answer)
    }

    /// The processor time that it has used in user and kernel mode. Waits until it is idle.
    pub async fn cpu(&self) -> Result<Duration> {
        let mut before = self.cpu_now()?;
        loop {
            // The kernel updates a thread's time when the thread stops running.
            sleep(Duration::from_micros(500)).await;
            let now = self.cpu_now()?;
            if now == before {
                return Ok(now);
            }
            before = now;
        }
    }

    fn cpu_now(&self) -> Result<Duration> {
        cpu_of(self.child.id())
    }

    /// The most memory that it has held, in bytes.
    pub fn peak_memory(&self) -> Result<usize> {
        let path = format!("/proc/{}/status", self.child.id());
        let text = fs::read_to_string(&path).with_context(|| format!("{path} can't be read"))?;
        let kilobytes = text
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .and_then(|rest| rest.trim().strip_suffix(" kB"))
            .and_then(|number| number.parse::<usize>().ok())
            .with_context(|| format!("{path} has no VmHWM"))?;
        Ok(kilobytes * 1024)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Either fails only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The processor time of a process so far.
pub fn cpu_of(process: u32) -> Result<Duration> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task")).context("processor time is read from /proc")? {
        let path = thread?.path().join("schedstat");
        // A thread can end between the two reads.
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let spent = text.split_whitespace().next().and_then(|text| text.parse::<u64>().ok());
        nanoseconds += spent.with_context(|| format!("{} holds no times", path.display()))?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// The processor time of all processes that this one started and that have ended, with their own children.
pub fn cpu_of_ended_children() -> Result<Duration> {
    const TICKS_PER_SECOND: u64 = 100;
    let stat = fs::read_to_string("/proc/self/stat").context("processor time is read from /proc")?;
    // The fields after the name, which ends with a bracket: the 14th and 15th are user and kernel time.
    let fields = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    let ticks = fields.split_whitespace().skip(13).take(2).map(str::parse::<u64>);
    let ticks = ticks
        .sum::<Result<u64, _>>()
        .context("/proc/self/stat holds no times")?;
    Ok(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
}

/// The processor time of a process and of its descendants that still run.
pub fn cpu_of_tree(root: u32) -> Result<Duration> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc").context("processes are found in /proc")? {
        let name = entry?.file_name();
        let Some(process) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let Ok(stat) = fs::read_to_string(format!("/proc/{process}/stat")) else {
            continue;
        };
        // The fields after the name, which ends with a bracket: the state, then the parent.
        let parent = stat
            .rsplit_once(')')
            .and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
        parents.extend(parent.map(|parent| (process, parent)));
    }
    let mut tree = vec![root];
    let mut next = 0;
    while let Some(parent) = tree.get(next).copied() {
        next += 1;
        tree.extend(
            parents
                .iter()
                .filter(|(_, of)| *of == parent)
                .map(|(process, _)| *process),
        );
    }
    tree.into_iter()
        .map(|process| cpu_of(process).or(Ok(Duration::ZERO)))
        .sum()
}
