//! The log: one line of JSON an entry, for CloudWatch. `LOG_LEVEL` sets the least level that is written.
//!
//! The functions of an area share a log group, so every line starts with the field `function`.

use serde_json::Value;
use std::{env, fmt};
use tracing::{Event, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter, format::Writer},
    registry::LookupSpan,
    util::SubscriberInitExt,
};

#[allow(
    clippy::disallowed_methods,
    reason = "read before there is a configuration, so that its errors can be logged"
)]
pub fn start(function: &str) {
    let level = env::var("LOG_LEVEL")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(LevelFilter::INFO);
    subscriber(function, level, std::io::stdout).init();
    // A panic's message may hold personal data, so only its place is logged.
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic");
    }));
}

/// Writes the lines of one function.
pub fn subscriber<W>(function: &str, level: LevelFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let function = Value::from(function).to_string();
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_max_level(level)
        .with_writer(writer)
        .map_event_format(|format| Named { function, format })
        .finish()
}

/// Puts the function's name before the fields that another format writes.
struct Named<F> {
    /// As a JSON string.
    function: String,
    format: F,
}

impl<S, N, F> FormatEvent<S, N> for Named<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, ctx: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = String::new();
        self.format.format_event(ctx, Writer::new(&mut line), event)?;
        let fields = line.strip_prefix('{').unwrap_or(&line);
        write!(writer, "{{\"function\":{},{fields}", self.function)
    }
}
