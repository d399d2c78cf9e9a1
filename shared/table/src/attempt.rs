//! Optimistic writes: read, decide, and write on condition that nothing has changed; if something has, try again.

use domain::{Error, Result};
use std::time::Duration;

/// How many attempts are made before the caller gets an error that tells them to try again. With the pauses they take half a second on
/// average, in which dozens of writers of one item find their turn.
pub const TRIES: usize = 16;

/// The longest pause before the third attempt. It doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(4);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// The result of one attempt.
pub enum Attempt<T, S = ()> {
    Done(T),
    /// Something had changed. The next attempt starts from this.
    Again(S),
}

/// Repeats an attempt until it is done.
pub async fn retry<T, F>(attempt: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<Attempt<T>>>,
{
    retry_from((), |()| attempt()).await
}

/// Like `retry`, with a state that each attempt passes to the next.
pub async fn retry_from<T, S, F>(mut state: S, attempt: impl Fn(S) -> F) -> Result<T>
where
    F: Future<Output = Result<Attempt<T, S>>>,
{
    for tried in 0..TRIES {
        pause_after(tried).await;
        match attempt(state).await? {
            Attempt::Done(done) => return Ok(done),
            Attempt::Again(next) => state = next,
        }
    }
    Err(Error::Contended)
}

/// Repeats a call that fails because of another request's transaction.
pub async fn unless_contended<T, F>(call: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    for tried in 0..TRIES {
        pause_after(tried).await;
        match call().await {
            Err(Error::Contended) => {}
            done => return done,
        }
    }
    Err(Error::Contended)
}

/// The pause after this many attempts. It is random, so that requests which collided do not collide again. The second attempt does not
/// wait: its cause is often a wrong guess and not another request.
pub async fn pause_after(tried: usize) {
    if tried > 1 {
        let doubled = FIRST_PAUSE.saturating_mul(1 << (tried - 2).min(16));
        tokio::time::sleep(doubled.min(LONGEST_PAUSE).mul_f64(fastrand::f64())).await;
    }
}

/// Turns the result of a write into that of an attempt. If the entity has changed, there is another attempt, unless the caller named the
/// version that they `expected`.
pub fn attempted<T>(written: Result<()>, expected: Option<u64>, done: T) -> Result<Attempt<T>> {
    match written {
        Ok(()) => Ok(Attempt::Done(done)),
        Err(Error::VersionMismatch { .. }) if expected.is_none() => Ok(Attempt::Again(())),
        Err(error) => Err(error),
    }
}

impl<T> Attempt<T> {
    /// With the state from which another attempt starts.
    pub fn again_from<S>(self, state: S) -> Attempt<T, S> {
        match self {
            Self::Done(done) => Attempt::Done(done),
            Self::Again(()) => Attempt::Again(state),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn run<T>(test: impl Future<Output = T>) -> T {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_time().build().unwrap().block_on(test)
    }

    #[test]
    fn an_attempt_that_never_succeeds_ends_as_contended_after_all_tries() {
        let tries = Cell::new(0);
        let tried = || {
            tries.set(tries.get() + 1);
            async { Ok(Attempt::<()>::Again(())) }
        };
        assert!(matches!(run(retry(tried)), Err(Error::Contended)));
        assert_eq!(tries.get(), TRIES);
    }

    #[test]
    fn a_contended_call_is_repeated_and_another_error_is_not() {
        let calls = Cell::new(0);
        let fails = |error: fn() -> Error, times: usize| {
            calls.set(0);
            run(unless_contended(|| {
                calls.set(calls.get() + 1);
                let has_failed = calls.get() > times;
                async move { if has_failed { Ok(()) } else { Err(error()) } }
            }))
        };
        assert!(fails(|| Error::Contended, 3).is_ok());
        assert_eq!(calls.get(), 4);
        assert!(matches!(fails(|| Error::Contended, TRIES), Err(Error::Contended)));
        assert_eq!(calls.get(), TRIES);
        let unavailable = || Error::Unavailable(String::new());
        assert!(matches!(fails(unavailable, 1), Err(Error::Unavailable(_))));
        assert_eq!(calls.get(), 1);
    }
}
