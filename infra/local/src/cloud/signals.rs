//! How the local cloud is told to stop: Ctrl-C, and what service managers and closing terminals send.

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

    /// Resolves at the first signal; the second one ends the process there and then.
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
            // Function processes notice that they are alone, and the next start ends those that do not.
            std::process::exit(130);
        });
    }
}
