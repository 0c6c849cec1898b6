//! Logs: one JSON object per line on standard output, where CloudWatch reads them.

use tracing_subscriber::EnvFilter;

/// Starts logging at the level that `RUST_LOG` says, `info` unless said. Once per process; a second
/// start changes nothing.
pub fn start() {
    start_at("info");
}

/// The same with another level where `RUST_LOG` says none.
pub fn start_at(level: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let lines = tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter);
    // Only where a process composes several functions is one already there.
    lines.try_init().ok();
}

/// An error and what caused it, in one line.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        // Wrappers often repeat their cause's words.
        if !text.ends_with(&words) {
            text = format!("{text}: {words}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{words}")]
    struct Layer {
        words: &'static str,
        source: Option<Box<Layer>>,
    }

    #[test]
    fn a_cause_is_named_once() {
        let cause = Layer { words: "timed out", source: None };
        let middle = Layer { words: "no answer: timed out", source: Some(Box::new(cause)) };
        let error = Layer { words: "the table failed", source: Some(Box::new(middle)) };
        assert_eq!(chain(&error), "the table failed: no answer: timed out");
    }
}
