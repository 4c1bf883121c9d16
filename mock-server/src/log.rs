//! The log: where the lines of [`crate::lines`] go.
//!
//! They go through a bounded queue to a thread that writes them to stderr. When the queue is full they are dropped, and
//! their number is logged.

use std::time::Duration;

use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::fmt::format::debug_fn;

/// Lines that may wait to be written.
const QUEUE: usize = 10_000;
/// How often dropped lines are looked for.
const DROPPED_EVERY: Duration = Duration::from_secs(1);

/// How lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Writes what is still queued when it is dropped.
pub struct Log {
    dropped: ErrorCounter,
    _writer: WorkerGuard,
}

/// Starts the log. Accepted calls are logged only if `accepted`.
pub fn start(format: Format, accepted: bool) -> Log {
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(QUEUE)
        .lossy(true)
        .thread_name("log")
        .finish(std::io::stderr());
    let dropped = writer.error_counter();
    let level = if accepted {
        tracing::Level::INFO
    } else {
        tracing::Level::WARN
    };
    let builder = tracing_subscriber::fmt()
        .with_writer(writer)
        .with_max_level(level)
        .with_ansi(false)
        .with_target(false);
    match format {
        Format::Json => builder.json().flatten_event(true).init(),
        // The message says it all; the fields are for the other format.
        Format::Text => builder
            .without_time()
            .with_level(false)
            .fmt_fields(debug_fn(|writer, field, value| match field.name() {
                "message" => write!(writer, "{value:?}"),
                _ => Ok(()),
            }))
            .init(),
    }
    Log {
        dropped,
        _writer: guard,
    }
}

impl Log {
    /// Says how many lines were dropped, whenever there are more.
    pub async fn report_dropped(&self) {
        let mut known = 0;
        loop {
            tokio::time::sleep(DROPPED_EVERY).await;
            let dropped = self.dropped.dropped_lines();
            if dropped > known {
                tracing::warn!(
                    dropped,
                    "{} log lines were dropped so far: stderr is too slow",
                    dropped
                );
                known = dropped;
            }
        }
    }
}
