//! The signals that stop the local cloud: those of Ctrl-C, service managers and closing terminals.

use anyhow::{Context, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

pub struct StopSignals {
    signals: [Signal; 3],
}

impl StopSignals {
    pub fn listen() -> Result<Self> {
        let listen = |kind| signal(kind).context("could not listen for signals");
        Ok(Self {
            signals: [
                listen(SignalKind::interrupt())?,
                listen(SignalKind::terminate())?,
                listen(SignalKind::hangup())?,
            ],
        })
    }

    /// Resolves at the first signal. The second signal ends the process at once.
    pub async fn wait(self) {
        let [mut interrupt, mut terminate, mut hangup] = self.signals;
        let mut next = async move || {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
        };
        next().await;
        tokio::spawn(async move {
            next().await;
            // Function processes exit when their Runtime API is gone; the next start ends those that still run.
            std::process::exit(130);
        });
    }
}
