//! No function is granted what it never does. A grant that no test uses is one too many, or a behaviour without a test.

use crate::support::{functions, usage};
use std::{
    thread::sleep,
    time::{Duration, Instant},
};

/// Tests may still run beside this one. After so long without any call of a function, none is left that could use a grant.
const SILENCE: Duration = Duration::from_secs(20);

/// Its name puts this test last, and it waits for those that are still running.
#[test]
fn every_grant_is_used_by_some_test() {
    if std::env::args()
        .skip(1)
        .any(|argument| !argument.starts_with("--test-threads"))
    {
        println!("not checked: only some of the tests run");
        return;
    }
    let started = Instant::now();
    loop {
        let unused: Vec<_> = functions()
            .iter()
            .flat_map(|function| {
                usage::unused(function)
                    .into_iter()
                    .map(|grant| (function.name(), grant))
            })
            .collect();
        if unused.is_empty() {
            return;
        }
        let last = usage::last_noted().map_or(started, |last| last.max(started));
        assert!(last.elapsed() < SILENCE, "no test uses these grants: {unused:#?}");
        sleep(Duration::from_millis(200));
    }
}
