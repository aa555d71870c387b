//! The log and the metrics: how they look, not what is said in them.
//!
//! The log goes to stderr. When stderr is the journal's, lines carry no time (the journal has its
//! own) and begin with their priority, `<6>`, as sd-daemon(3) has it. What is logged or measured
//! may hold no secret: scrub addresses first. The metrics are in [`metrics`].

pub mod metrics;

use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

pub use metrics::{Found, METRICS_TYPE, Metrics, PollOutcome, SOURCE_SERIES_MAX};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::{self, FormatEvent, FormatFields, JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer};

/// The shape of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, fields at its top.
    Json,
}

/// Why the log could not be set up. The program goes on without, or ends with a usage error.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// `--log` is neither a level nor a filter.
    #[error("{level:?} is no log level: write error, warn, info, debug or trace")]
    Level {
        /// As given.
        level: String,
    },
    /// A log is already set up.
    #[error("failed to set up the log: there is one already")]
    Twice,
}

/// What is done to a line for the one who reads stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    /// A terminal, a file, a pipe: with the time.
    Anyone,
    /// The journal: with the priority, without the time.
    Journal,
}

/// Sends the log to stderr. `level` is a level, for feedmill's own events, or a filter of
/// tracing-subscriber (`feedmill=debug,hyper=info`); `None` is `info`.
pub fn init(level: Option<&str>, format: LogFormat) -> Result<(), LogError> {
    let reader = if is_journal(std::env::var("JOURNAL_STREAM").ok().as_deref()) {
        Reader::Journal
    } else {
        Reader::Anyone
    };
    let subscriber = subscriber(filter(level)?, format, reader, io::stderr);
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogError::Twice)
}

/// Returns the filter: a bare level is about this program, of its libraries only warnings are
/// shown.
fn filter(level: Option<&str>) -> Result<EnvFilter, LogError> {
    let level = level.unwrap_or("info");
    let bad = || LogError::Level { level: level.to_owned() };
    let directives = match level {
        "error" | "off" => level.to_owned(),
        "warn" | "info" | "debug" | "trace" => format!("warn,feedmill={level}"),
        filter if filter.contains('=') => filter.to_owned(),
        _ => return Err(bad()),
    };
    EnvFilter::try_new(directives).map_err(|_| bad())
}

/// Tells whether stderr is the stream that `$JOURNAL_STREAM` names, as `device:inode`.
fn is_journal(stream: Option<&str>) -> bool {
    let Some((device, inode)) = stream.and_then(|stream| stream.split_once(':')) else {
        return false;
    };
    let stderr = io::stderr().as_fd().try_clone_to_owned().map(std::fs::File::from);
    let metadata = stderr.and_then(|file| file.metadata());
    metadata.is_ok_and(|it| it.dev().to_string() == device && it.ino().to_string() == inode)
}

fn subscriber<W>(
    filter: EnvFilter,
    format: LogFormat,
    reader: Reader,
    writer: W,
) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(false);
    let json = || format::json().flatten_event(true);
    let plain = || format::format().with_ansi(false);
    let layer = match (format, reader) {
        (LogFormat::Text, Reader::Anyone) => layer.event_format(plain()).boxed(),
        (LogFormat::Text, Reader::Journal) => {
            let inner = plain().without_time().with_level(false);
            layer.event_format(Prioritised { inner }).boxed()
        }
        (LogFormat::Json, Reader::Anyone) => {
            layer.fmt_fields(JsonFields::new()).event_format(json()).boxed()
        }
        (LogFormat::Json, Reader::Journal) => {
            let inner = json().without_time();
            layer.fmt_fields(JsonFields::new()).event_format(Prioritised { inner }).boxed()
        }
    };
    tracing_subscriber::registry().with(filter).with(layer)
}

/// Puts the syslog priority before a line.
struct Prioritised<F> {
    inner: F,
}

impl<S, N, F> FormatEvent<S, N> for Prioritised<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> std::fmt::Result {
        writer.write_str(priority(*event.metadata().level()))?;
        self.inner.format_event(context, writer, event)
    }
}

/// The priorities of syslog (RFC 5424 §6.2.1): error 3, warning 4, informational 6, debug 7.
fn priority(level: Level) -> &'static str {
    match level {
        Level::ERROR => "<3>",
        Level::WARN => "<4>",
        Level::INFO => "<6>",
        Level::DEBUG | Level::TRACE => "<7>",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A log that is kept.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(level: Option<&str>, format: LogFormat, reader: Reader, say: impl Fn()) -> String {
        let kept = Kept::default();
        let writer = kept.clone();
        let subscriber = subscriber(filter(level).unwrap(), format, reader, move || writer.clone());
        tracing::subscriber::with_default(subscriber, say);
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    fn say_all() {
        tracing::error!("broken");
        tracing::warn!("degraded");
        tracing::info!(source.id = "a", "polled");
        tracing::debug!("why");
    }

    #[test]
    fn the_journal_gets_priorities_and_no_time() {
        let text = logged(Some("debug"), LogFormat::Text, Reader::Journal, say_all);
        let lines: Vec<_> = text.lines().collect();
        let expected = [("<3>", "broken"), ("<4>", "degraded"), ("<6>", "polled"), ("<7>", "why")];
        assert_eq!(lines.len(), expected.len(), "{text}");
        for (line, (priority, message)) in lines.iter().zip(expected) {
            assert!(line.starts_with(priority) && line.contains(message), "{line}");
            assert!(!line.contains("20"), "no year: {line}");
        }
    }

    #[test]
    fn others_get_time_and_level() {
        let text = logged(None, LogFormat::Text, Reader::Anyone, say_all);
        assert_eq!(text.lines().count(), 3, "debug is off by default: {text}");
        assert!(text.starts_with("20"), "{text}");
        assert!(text.contains("ERROR") && text.contains("source.id=\"a\""), "{text}");
    }

    #[test]
    fn json_lines_hold_their_fields_at_the_top() {
        let say = || tracing::info!(source.id = "a", elapsed_ms = 12_u64, "polled");
        let plain = logged(None, LogFormat::Json, Reader::Anyone, say);
        let value: serde_json::Value = serde_json::from_str(&plain).unwrap();
        assert_eq!(value["message"], "polled");
        assert_eq!(value["source.id"], "a");
        assert_eq!(value["elapsed_ms"], 12);
        assert_eq!(value["level"], "INFO");
        assert!(value["timestamp"].is_string());
        let journal = logged(None, LogFormat::Json, Reader::Journal, say);
        let value: serde_json::Value =
            serde_json::from_str(journal.strip_prefix("<6>").unwrap()).unwrap();
        assert!(value.get("timestamp").is_none());
    }

    #[test]
    fn levels_are_about_this_program() {
        let say = || {
            tracing::info!(target: "hyper::proto", "library");
            tracing::warn!(target: "hyper::proto", "library warns");
            tracing::info!("own");
        };
        let text = logged(Some("debug"), LogFormat::Text, Reader::Anyone, say);
        assert!(!text.contains("library\n") && text.contains("library warns"), "{text}");
        let text = logged(Some("hyper=info"), LogFormat::Text, Reader::Anyone, say);
        assert!(text.contains("library\n") && !text.contains("own"), "{text}");
        assert!(filter(Some("loud")).is_err());
    }

    #[test]
    fn only_the_very_stream_is_the_journal() {
        let stderr = std::fs::File::from(io::stderr().as_fd().try_clone_to_owned().unwrap());
        let it = stderr.metadata().unwrap();
        assert!(is_journal(Some(&format!("{}:{}", it.dev(), it.ino()))));
        assert!(!is_journal(Some(&format!("{}:{}", it.dev(), it.ino() + 1))));
        assert!(!is_journal(Some("nonsense")));
        assert!(!is_journal(None));
    }
}
