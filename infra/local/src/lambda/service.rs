//! The functions, each with its pool of processes.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::body::Bytes;

use super::log::Log;
use super::outcome::{Outcome, error_document};
use super::pool::{Pool, Slot};
use super::process::Launcher;
use super::trace::Trace;
use crate::plan::Function;

/// The settings that all functions share.
pub struct Settings {
    pub aws_url: String,
    pub dynamodb_url: Option<String>,
    pub logs: PathBuf,
    pub processes: PathBuf,
}

#[derive(Clone)]
pub struct Lambda {
    pools: Arc<BTreeMap<String, Arc<Pool>>>,
}

impl Lambda {
    /// `binaries` are the paths of the binaries, by their names.
    pub fn new(functions: &[Function], binaries: &HashMap<String, PathBuf>, settings: &Settings) -> Result<Self> {
        std::fs::create_dir_all(&settings.logs)
            .with_context(|| format!("could not create the log folder {}", settings.logs.display()))?;
        let mut pools = BTreeMap::new();
        for function in functions {
            let binary = binaries.get(&function.binary).with_context(|| {
                format!(
                    "function {}: there is no binary {}",
                    function.logical_id, function.binary
                )
            })?;
            let launcher = Launcher {
                function: function.clone(),
                binary: binary.clone(),
                log: Log::open(&settings.logs, &function.name)?,
                aws_url: settings.aws_url.clone(),
                dynamodb_url: settings.dynamodb_url.clone(),
                notes: settings.processes.clone(),
            };
            pools.insert(function.name.clone(), Pool::new(launcher));
        }
        Ok(Self { pools: Arc::new(pools) })
    }

    /// Ends idle processes from time to time. Never resolves.
    pub async fn end_idle_processes(self) {
        loop {
            tokio::time::sleep(Duration::from_secs(30)).await;
            self.pools.values().for_each(|pool| pool.end_idle());
        }
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.pools.keys().map(String::as_str)
    }

    pub fn has(&self, function: &str) -> bool {
        self.pools.contains_key(function)
    }

    /// Writes a message about a function's invocations to its log and to the terminal.
    pub fn report(&self, function: &str, message: &str) {
        if let Some(pool) = self.pools.get(function) {
            pool.report(message);
        }
    }

    /// Waits until the function can accept an invocation. `None` if it is stopped or unknown.
    pub async fn slot(&self, function: &str) -> Option<Slot> {
        self.pools.get(function)?.slot().await
    }

    /// Whether Lambda refuses to invoke the function once more in this chain of requests: it takes the chain for a loop, and the function
    /// does not allow loops.
    pub fn stops(&self, function: &str, trace: &Trace) -> bool {
        let allows = |pool: &Arc<Pool>| pool.function().allows_loops;
        trace.is_loop(function) && !self.pools.get(function).is_some_and(allows)
    }

    /// Invokes the function at the start of a chain of requests.
    pub async fn invoke(&self, function: &str, payload: Bytes) -> Outcome {
        self.invoke_in(Trace::of(None), function, payload).await
    }

    pub async fn invoke_in(&self, trace: Trace, function: &str, payload: Bytes) -> Outcome {
        let Some(pool) = self.pools.get(function).cloned() else {
            return Outcome::Failed(error_document("ResourceNotFoundException", "there is no such function"));
        };
        // On a separate task: an invocation continues if its caller disconnects.
        let run = tokio::spawn(async move {
            match pool.slot_or_throttle().await {
                Some(slot) => slot.invoke(payload, &trace).await,
                None => Outcome::Throttled,
            }
        });
        run.await
            .unwrap_or_else(|_| Outcome::Failed(error_document("Sandbox.Stopped", "the local cloud is stopping")))
    }

    /// Gives running invocations at most `grace` to finish, then ends every process.
    pub async fn stop(&self, grace: Duration) {
        let deadline = tokio::time::Instant::now() + grace;
        for pool in self.pools.values() {
            pool.stop(deadline).await;
        }
    }
}
