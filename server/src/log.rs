//! The server's own log, on standard error.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::format::debug_fn;

use crate::config::{LogFormat, Settings};

/// Begins to write it.
pub(crate) fn start(settings: &Settings) {
    let log = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(&settings.log).unwrap_or_default())
        .with_writer(std::io::stderr);
    match settings.log_format {
        LogFormat::Json => log.json().init(),
        LogFormat::Text => {
            let fields = debug_fn(|writer, field, value| {
                let value = one_line(&format!("{value:?}"));
                match field.name() {
                    "message" => write!(writer, "{value}"),
                    name => write!(writer, "{name}={value}"),
                }
            });
            log.fmt_fields(fields.delimited(" ")).init();
        }
    }
}

/// A text without line ends and other control characters: what a stranger sent, such as the words of another
/// server's error, must not look like a line of the log.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_logged_is_one_line() {
        assert_eq!(
            one_line("no\n2026-11-22 INFO \u{1b}[1mall is well\r"),
            r"no\n2026-11-22 INFO \u{1b}[1mall is well\r"
        );
        assert_eq!(one_line("Zürich, 4 °C"), "Zürich, 4 °C");
    }
}
