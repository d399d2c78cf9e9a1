//! The source of the issuer's keys, and the times at which they are fetched.
//!
//! Lambda freezes a process between requests. A fetch in the background may therefore end in a later request, or fail because it slept
//! too long. So it only spares requests the wait: once the keys reach their greatest age, a request fetches them itself.

use super::Keys;
use crate::aws::HttpFetch;
use domain::{Error, Result, Timestamp};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::Mutex as AsyncMutex;

/// From this age on, keys are fetched in the background, in seconds.
const REFRESH_AGE: u64 = 5 * 60;
/// From this age on, a request fetches the keys before it uses them. So a key that the issuer withdraws stops working by then.
const GREATEST_AGE: u64 = 10 * 60;
/// If the issuer can't be reached, older keys verify tokens up to this age.
const OUTAGE_AGE: u64 = 60 * 60;

/// The least number of seconds between two fetches that requests wait for, while there are no keys and every caller is refused. Equal to
/// the `Retry-After` that callers get.
const FIRST_PAUSE: u64 = 1;
/// The same if no known key verifies a token: anybody can send such tokens.
const UNKNOWN_PAUSE: u64 = 5;
/// The same while the issuer can't be reached, and for fetches in the background.
const OUTAGE_PAUSE: u64 = 30;
/// How long a request waits for newer keys if it could do with the old ones.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

pub enum KeySource {
    Given(Keys),
    Url { url: String, fetch: HttpFetch },
}

/// The issuer whose keys verify tokens.
pub(super) enum Issuer {
    Given(Arc<Keys>),
    Remote(Arc<Remote>),
}

impl Issuer {
    pub fn new(source: KeySource) -> Self {
        match source {
            KeySource::Given(keys) => Self::Given(Arc::new(keys)),
            KeySource::Url { url, fetch } => Self::Remote(Arc::new(Remote {
                url,
                fetch,
                state: Mutex::default(),
                fetching: AsyncMutex::default(),
            })),
        }
    }

    pub async fn current(&self, now: Timestamp) -> Result<Arc<Keys>> {
        match self {
            Self::Given(keys) => Ok(Arc::clone(keys)),
            Self::Remote(remote) => remote.current(now).await,
        }
    }

    /// Asks the issuer for newer keys than these, unless it was asked a moment ago. `None`: there are none.
    pub async fn newer_than(&self, known: &Arc<Keys>, now: Timestamp) -> Option<Arc<Keys>> {
        let Self::Remote(remote) = self else { return None };
        remote.wait_for_fetch(UNKNOWN_PAUSE, now).await;
        let newest = remote.state().fetched.as_ref().map(|fetched| Arc::clone(&fetched.keys));
        newest.filter(|newest| !Arc::ptr_eq(newest, known))
    }
}

pub(super) struct Remote {
    url: String,
    fetch: HttpFetch,
    state: Mutex<State>,
    /// Locked while fetching, so that only one fetch runs at a time.
    fetching: AsyncMutex<()>,
}

#[derive(Default)]
struct State {
    fetched: Option<Fetched>,
    /// The start of the last fetch that a request waited for, successful or not.
    waited_at: Option<Timestamp>,
    /// The start of the last fetch in the background, successful or not.
    refreshed_at: Option<Timestamp>,
}

struct Fetched {
    keys: Arc<Keys>,
    /// The start of the fetch: the keys may be that old.
    at: Timestamp,
}

impl Remote {
    async fn current(self: &Arc<Self>, now: Timestamp) -> Result<Arc<Keys>> {
        match self.age(now) {
            Some(..REFRESH_AGE) => {}
            Some(..GREATEST_AGE) => self.fetch_in_background(now),
            Some(..OUTAGE_AGE) => self.wait_for_fetch(OUTAGE_PAUSE, now).await,
            _ => self.wait_for_fetch(FIRST_PAUSE, now).await,
        }
        match &self.state().fetched {
            Some(fetched) if seconds(fetched.at, now) < OUTAGE_AGE => Ok(Arc::clone(&fetched.keys)),
            _ => Err(Error::Unavailable("the issuer's keys can't be fetched".into())),
        }
    }

    fn age(&self, now: Timestamp) -> Option<u64> {
        self.state().fetched.as_ref().map(|fetched| seconds(fetched.at, now))
    }

    /// Fetches the keys, unless that was done or tried within the pause.
    async fn wait_for_fetch(&self, pause: u64, now: Timestamp) {
        let fetched = async {
            let _one_at_a_time = self.fetching.lock().await;
            {
                let mut state = self.state();
                let fetched_at = state.fetched.as_ref().map(|fetched| fetched.at);
                if !has_passed(pause, state.waited_at, now) || !has_passed(pause, fetched_at, now) {
                    return;
                }
                state.waited_at = Some(now);
            }
            self.fetch(now).await;
        };
        let longest = match self.age(now) {
            Some(..OUTAGE_AGE) => LONGEST_WAIT,
            _ => Duration::MAX,
        };
        if tokio::time::timeout(longest, fetched).await.is_err() {
            tracing::error!("the issuer did not send its keys in time");
        }
    }

    fn fetch_in_background(self: &Arc<Self>, now: Timestamp) {
        {
            let mut state = self.state();
            if !has_passed(OUTAGE_PAUSE, state.refreshed_at, now) {
                return;
            }
            state.refreshed_at = Some(now);
        }
        let remote = Arc::clone(self);
        tokio::spawn(async move {
            if let Ok(_one_at_a_time) = remote.fetching.try_lock() {
                remote.fetch(now).await;
            }
        });
    }

    /// After a failure, the known keys stay.
    async fn fetch(&self, now: Timestamp) {
        match self.fetch.json::<Keys>(&self.url).await {
            Ok(keys) => {
                let keys = Arc::new(keys);
                self.state().fetched = Some(Fetched { keys, at: now });
            }
            Err(error) => tracing::error!(%error, "the issuer's keys can't be fetched"),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is complete after each assignment, so a panic elsewhere does not spoil it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn has_passed(pause: u64, since: Option<Timestamp>, now: Timestamp) -> bool {
    since.is_none_or(|since| seconds(since, now) >= pause)
}

fn seconds(from: Timestamp, to: Timestamp) -> u64 {
    // A clock that is set back must not make old keys new.
    from.epoch_seconds().abs_diff(to.epoch_seconds())
}
