//! Lambda: runs the functions' binaries as processes that speak the Runtime API.

pub mod invoke_api;
pub mod leftovers;
pub mod log;
mod pool;
mod process;
mod runtime_api;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::body::Bytes;

use crate::plan::Function;
use log::Log;
use pool::Pool;
pub use pool::Slot;
use process::Launcher;

/// What became of an invocation.
#[derive(Debug)]
pub enum Outcome {
    Answered(Bytes),
    /// The function failed, or never got to answer; the document says why.
    Failed(Bytes),
    /// The function is at its reserved concurrency.
    Throttled,
}

/// What functions are started with.
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
    /// `binaries` are the paths of the functions' binaries, by the binary's name.
    pub fn new(functions: &[Function], binaries: &HashMap<String, PathBuf>, settings: &Settings) -> Result<Self> {
        std::fs::create_dir_all(&settings.logs)
            .with_context(|| format!("could not make the log folder {}", settings.logs.display()))?;
        let mut pools = BTreeMap::new();
        for function in functions {
            let binary = binaries
                .get(&function.binary)
                .with_context(|| format!("function {}: no binary {}", function.logical_id, function.binary))?;
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

    /// Ends idle processes now and then, for as long as it is polled.
    pub async fn keep_house(self) {
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

    /// Notes in the function's log, and on the terminal, what befell its invocations.
    pub fn report(&self, function: &str, message: &str) {
        if let Some(pool) = self.pools.get(function) {
            pool.report(message);
        }
    }

    /// Waits until the function can take an invocation. `None` when it is stopped or unknown.
    pub async fn slot(&self, function: &str) -> Option<Slot> {
        self.pools.get(function)?.slot().await
    }

    pub async fn invoke(&self, function: &str, payload: Bytes) -> Outcome {
        let Some(pool) = self.pools.get(function).cloned() else {
            return Outcome::Failed(process::error_document(
                "ResourceNotFoundException",
                "there is no such function",
            ));
        };
        // On a task of its own: an invocation goes on when its caller hangs up.
        let run = tokio::spawn(async move {
            match pool.slot_or_throttle().await {
                Some(slot) => slot.invoke(payload).await,
                None => Outcome::Throttled,
            }
        });
        run.await.unwrap_or_else(|_| {
            Outcome::Failed(process::error_document(
                "Sandbox.Stopped",
                "the local cloud is stopping",
            ))
        })
    }

    /// Lets running invocations finish for at most `grace`, then ends every process.
    pub async fn stop(&self, grace: Duration) {
        let deadline = tokio::time::Instant::now() + grace;
        for pool in self.pools.values() {
            pool.stop(deadline).await;
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
