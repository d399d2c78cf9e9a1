//! The result of one step of a task that works in pages.

#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    Done,
    /// There was nothing to do, for this reason.
    Nothing(&'static str),
    /// The next step starts at this cursor.
    More(String),
}
