//! The processes of one function: started on demand, kept warm, and limited in number.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use super::outcome::Outcome;
use super::process::{Launcher, Process, StartFailure};
use super::trace::Trace;
use crate::plan::Function;

/// The number of processes for a function without `ReservedConcurrentExecutions`. Lambda starts hundreds; a laptop has few
/// cores.
const DEFAULT_LIMIT: u32 = 4;
/// A process is ended after it has been idle for this long.
const LONGEST_IDLE: Duration = Duration::from_secs(300);
/// The pause after a failed start doubles with each failure, up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

pub struct Pool {
    launcher: Launcher,
    slots: Arc<Semaphore>,
    idle: Mutex<Vec<(Process, Instant)>>,
    failed_starts: Mutex<Option<FailedStarts>>,
}

struct FailedStarts {
    count: u32,
    answer: Bytes,
    retry_at: Instant,
}

/// The right to run one invocation now.
pub struct Slot {
    pool: Arc<Pool>,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    pub fn new(launcher: Launcher) -> Arc<Self> {
        let limit = launcher.function.reserved_concurrency.unwrap_or(DEFAULT_LIMIT);
        Arc::new(Self {
            launcher,
            slots: Arc::new(Semaphore::new(limit as usize)),
            idle: Mutex::new(Vec::new()),
            failed_starts: Mutex::new(None),
        })
    }

    pub fn function(&self) -> &Function {
        &self.launcher.function
    }

    pub fn report(&self, message: &str) {
        self.launcher.log.report(message);
    }

    /// Waits for a free slot. `None` if the function is stopped.
    pub async fn slot(self: &Arc<Self>) -> Option<Slot> {
        let permit = self.slots.clone().acquire_owned().await.ok()?;
        Some(Slot {
            pool: self.clone(),
            _permit: permit,
        })
    }

    /// A slot for a caller of the function. At its reserved concurrency the function throttles; at the default limit the
    /// caller waits.
    pub async fn slot_or_throttle(self: &Arc<Self>) -> Option<Slot> {
        if self.function().reserved_concurrency.is_none() {
            return self.slot().await;
        }
        let permit = self.slots.clone().try_acquire_owned().ok()?;
        Some(Slot {
            pool: self.clone(),
            _permit: permit,
        })
    }

    async fn process(&self) -> Result<Process, StartFailure> {
        // The process that was used last is the warmest.
        while let Some((mut process, _)) = self.idle().pop() {
            if process.is_alive() {
                return Ok(process);
            }
        }
        if let Some(failed) = &*self.failed_starts()
            && Instant::now() < failed.retry_at
        {
            return Err(StartFailure(failed.answer.clone()));
        }
        let started = self.launcher.start().await;
        let mut failed_starts = self.failed_starts();
        match started {
            Ok(process) => {
                *failed_starts = None;
                Ok(process)
            }
            Err(StartFailure(answer)) => {
                let count = failed_starts.as_ref().map_or(0, |failed| failed.count) + 1;
                let pause = Duration::from_millis(500)
                    .saturating_mul(1 << count.min(8))
                    .min(LONGEST_PAUSE);
                *failed_starts = Some(FailedStarts {
                    count,
                    answer: answer.clone(),
                    retry_at: Instant::now() + pause,
                });
                Err(StartFailure(answer))
            }
        }
    }

    /// Ends processes that have been idle for too long.
    pub fn end_idle(&self) {
        self.idle().retain(|(_, since)| since.elapsed() < LONGEST_IDLE);
    }

    /// Accepts no more work, gives running invocations until the deadline, and ends all processes.
    pub async fn stop(&self, deadline: tokio::time::Instant) {
        let limit = self.function().reserved_concurrency.unwrap_or(DEFAULT_LIMIT);
        let _ = tokio::time::timeout_at(deadline, self.slots.acquire_many(limit)).await;
        self.slots.close();
        let idle = std::mem::take(&mut *self.idle());
        for (process, _) in idle {
            process.end().await;
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(Process, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed_starts(&self) -> MutexGuard<'_, Option<FailedStarts>> {
        self.failed_starts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// Invokes the function as part of a chain of requests.
    pub async fn invoke(self, payload: Bytes, trace: &Trace) -> Outcome {
        let process = match self.pool.process().await {
            Ok(process) => process,
            Err(StartFailure(answer)) => return Outcome::Failed(answer),
        };
        let (outcome, process) = process
            .run(
                Uuid::new_v4().to_string(),
                payload,
                trace.header_for(&self.pool.function().name),
            )
            .await;
        if let Some(process) = process {
            self.pool.idle().push((process, Instant::now()));
        }
        outcome
    }
}
