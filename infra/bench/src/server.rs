//! Servers that are measured from outside: processes of their own, called over HTTP.

use crate::{measured::Measured, process::cpu_of_tree};
use anyhow::{Result, anyhow};
use std::{
    process::{Child, Command},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// How many connections call at a time.
const CONNECTIONS: usize = 4;

/// One call of the operation that is measured.
type Call<'a> = &'a (dyn Fn(&ureq::Agent) -> Result<()> + Sync);

/// A server process, with all processes that it started.
pub struct Server(Child);

impl Server {
    pub fn of(child: Child) -> Self {
        Self(child)
    }

    pub fn is_running(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }

    /// Calls for this long, over several connections.
    pub fn load(&self, operation: &str, time: Duration, call: Call<'_>) -> Result<Measured> {
        let end = Instant::now() + time;
        self.run(operation, &|| Instant::now() < end, call)
    }

    /// Calls this many times, over several connections.
    pub fn load_each(&self, operation: &str, times: usize, call: Call<'_>) -> Result<Measured> {
        let left = AtomicUsize::new(times);
        let goes_on = || {
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                .is_ok()
        };
        self.run(operation, &goes_on, call)
    }

    fn run(&self, operation: &str, goes_on: &(dyn Fn() -> bool + Sync), call: Call<'_>) -> Result<Measured> {
        let micros = Mutex::new(Vec::new());
        let failed = AtomicBool::new(false);
        let (before, start) = (self.cpu()?, Instant::now());
        thread::scope(|scope| {
            let callers: Vec<_> = (0..CONNECTIONS)
                .map(|_| {
                    scope.spawn(|| -> Result<()> {
                        let agent = agent();
                        let mut own = Vec::new();
                        while !failed.load(Ordering::Relaxed) && goes_on() {
                            let one = Instant::now();
                            call(&agent).inspect_err(|_| failed.store(true, Ordering::Relaxed))?;
                            own.push(one.elapsed().as_secs_f64() * 1e6);
                        }
                        micros.lock().map_err(|_| anyhow!("a caller panicked"))?.extend(own);
                        Ok(())
                    })
                })
                .collect();
            callers
                .into_iter()
                .try_for_each(|caller| caller.join().map_err(|_| anyhow!("a caller panicked"))?)
        })?;
        let (wall, cpu) = (start.elapsed(), self.cpu()?.saturating_sub(before));
        let micros = micros.into_inner().map_err(|_| anyhow!("a caller panicked"))?;
        Ok(Measured::of(
            operation,
            micros,
            wall.as_secs_f64() * 1e6,
            cpu.as_secs_f64() * 1e6,
        ))
    }

    fn cpu(&self) -> Result<Duration> {
        cpu_of_tree(self.0.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // As Ctrl-C does, so that the server ends the processes that it started.
        let interrupted = Command::new("kill").arg("-INT").arg(self.0.id().to_string()).status();
        if interrupted.is_ok() {
            let end = Instant::now() + Duration::from_secs(10);
            while Instant::now() < end && self.is_running() {
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
