//! What one step of a task that works in pages came to.

/// What one step came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    Done,
    /// There was nothing to do, and why.
    Nothing(&'static str),
    /// The next step begins here.
    More(String),
}
