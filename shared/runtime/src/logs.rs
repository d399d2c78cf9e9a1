//! One JSON line a log entry, for CloudWatch. `LOG_LEVEL` says how much.

use std::env;
use tracing_subscriber::filter::LevelFilter;

#[allow(
    clippy::disallowed_methods,
    reason = "read before there is a configuration, so that its errors can be logged"
)]
pub fn start(_function: &str) {
    let level = env::var("LOG_LEVEL")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(LevelFilter::INFO);
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_max_level(level)
        .init();
    // A panic is one line like any other failure; its message may hold anything, so only the place is told.
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic");
    }));
}
