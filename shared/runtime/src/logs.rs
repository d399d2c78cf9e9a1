//! Logs to standard output, one line of JSON per entry. `LOG_LEVEL` sets the minimum level; the default is `INFO`.
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
    reason = "read before the configuration, so that configuration errors are logged"
)]
pub(crate) fn start(function: &str) {
    let level = env::var("LOG_LEVEL")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(LevelFilter::INFO);
    subscriber(function, level, std::io::stdout).init();
    // A panic's message may hold personal data, so only its location is logged.
    std::panic::set_hook(Box::new(|info| {
        let location = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(location, "panic");
    }));
}

/// The subscriber that writes the lines of one function.
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
        .map_event_format(|format| WithFunction { function, format })
        .finish()
}

/// Writes the function's name before the fields of another format.
struct WithFunction<F> {
    /// As a JSON string.
    function: String,
    format: F,
}

impl<S, N, F> FormatEvent<S, N> for WithFunction<F>
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
