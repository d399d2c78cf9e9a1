//! The result of one step of a task.

/// `C` is the type of the cursor. A step that never has a next one is a `Step<Infallible>`.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<C = String> {
    Done,
    /// There was nothing to do, for this reason.
    Nothing(&'static str),
    /// The next step starts at this cursor.
    More(C),
}
