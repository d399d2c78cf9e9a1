//! The clock of a test: the same times, keys and secrets in every run.

use chrono::TimeDelta;
use domain::{
    Timestamp,
    plaintext::{SECRET_BYTES, Secret},
};
use runtime::context::Clock;
use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};
use uuid::{Builder, Uuid};

/// A clock that stands still until a test moves it. Its UUIDs and secrets count up instead of being random.
pub struct TestClock {
    now: Mutex<Timestamp>,
    count: AtomicU64,
}

impl TestClock {
    pub fn new() -> Self {
        Self {
            now: Mutex::new(Timestamp::parse("2026-11-23T08:00:00.000Z").unwrap()),
            count: AtomicU64::new(0),
        }
    }

    /// The current time in seconds since 1970.
    pub fn seconds(&self) -> i64 {
        self.now.lock().unwrap().epoch_seconds()
    }

    pub fn forward(&self, by: TimeDelta) {
        let mut now = self.now.lock().unwrap();
        *now = now.plus(by);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    fn uuid(&self) -> Uuid {
        let mut bits = [0; 10];
        bits[2..].copy_from_slice(&self.count.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        Builder::from_unix_timestamp_millis(self.now().millis(), &bits).into_uuid()
    }

    fn secret(&self) -> domain::Result<Secret> {
        let mut bytes = [7; SECRET_BYTES];
        bytes[..8].copy_from_slice(&self.count.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        Ok(Secret::new(bytes))
    }
}
