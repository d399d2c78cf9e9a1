//! Optimistic writes: read, decide, and write on condition that nothing has changed; if something has, try again.

use domain::{Error, Result};

/// How many attempts are made before the caller gets an error that tells them to try again.
pub const TRIES: usize = 5;

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
    for _ in 0..TRIES {
        match attempt(state).await? {
            Attempt::Done(done) => return Ok(done),
            Attempt::Again(next) => state = next,
        }
    }
    Err(Error::Unavailable("the entity changed during each attempt".into()))
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
