//! Optimistic writes: read, decide, write on the condition that nothing has changed since; and again, if something has.

use domain::{Error, Result};

/// How often a write that met another one is tried before the caller is told to try again.
pub const TRIES: usize = 5;

/// The result of one attempt.
pub enum Attempt<T, S = ()> {
    Done(T),
    /// Its write met another one. The next attempt starts from this.
    Again(S),
}

/// Attempts until one is done.
pub async fn retry<T, F>(attempt: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<Attempt<T>>>,
{
    retry_from((), |()| attempt()).await
}

/// As `retry`, with a state that each attempt leaves to the next.
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
    Err(Error::Unavailable("the entity changed each time it was read".into()))
}

/// The attempt that a write was. If the entity has changed since it was read, it is read again, unless the caller named the version that
/// they `expected`.
pub fn attempted<T>(written: Result<()>, expected: Option<u64>, done: T) -> Result<Attempt<T>> {
    match written {
        Ok(()) => Ok(Attempt::Done(done)),
        Err(Error::VersionMismatch { .. }) if expected.is_none() => Ok(Attempt::Again(())),
        Err(error) => Err(error),
    }
}

impl<T> Attempt<T> {
    /// What another attempt starts from.
    pub fn again_from<S>(self, state: S) -> Attempt<T, S> {
        match self {
            Self::Done(done) => Attempt::Done(done),
            Self::Again(()) => Attempt::Again(state),
        }
    }
}
