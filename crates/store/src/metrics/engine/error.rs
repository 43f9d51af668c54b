//! Why an engine did not do what was asked, in words that hold no secret.

/// The most of an engine's own words that are repeated, in characters.
const MOST_WORDS: usize = 300;

/// Why an engine did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// No connection, or one that broke.
    #[error("the metrics engine at {host} does not answer: {why}")]
    Unreachable {
        /// Host and port.
        host: String,
        /// What the operating system or TLS said.
        why: String,
    },
    /// No answer in time.
    #[error("the metrics engine at {host} did not answer within {seconds} s")]
    TimedOut {
        /// Host and port.
        host: String,
        /// How long it had.
        seconds: u64,
    },
    /// It was away too often in a row, and is not asked for a while.
    #[error(
        "the metrics engine at {host} did not answer {failures} times in a row: it is asked again in {again_seconds} s"
    )]
    LeftAlone {
        /// Host and port.
        host: String,
        /// How often.
        failures: u32,
        /// When it is asked again, in seconds from now.
        again_seconds: u64,
    },
    /// It answers, and cannot now: 429 or 5xx. The same request may succeed later.
    #[error("the metrics engine at {host} answers {status}: {words}")]
    Failing {
        /// Host and port.
        host: String,
        /// The HTTP status.
        status: u16,
        /// Its own words.
        words: String,
    },
    /// It does not take requests of this kind from here: a wrong address, wrong credentials, or a
    /// receiver that is not turned on. Somebody has to change a setting.
    #[error("the metrics engine at {host} refuses Millrace with {status}: {words}")]
    Refuses {
        /// Host and port.
        host: String,
        /// The HTTP status.
        status: u16,
        /// Its own words.
        words: String,
    },
    /// It answered something that is not what was asked for.
    #[error("the answer of the metrics engine at {host} cannot be read: {why}")]
    Unreadable {
        /// Host and port.
        host: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// It answered more than may be held in memory.
    #[error("the metrics engine at {host} answers more than {mib} MiB")]
    TooLarge {
        /// Host and port.
        host: String,
        /// How much may come.
        mib: usize,
    },
}

/// What an engine said, on one line and not for ever.
pub(super) fn words(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut words: String = line
        .chars()
        .filter(|c| !c.is_control())
        .take(MOST_WORDS)
        .collect();
    if words.is_empty() {
        words.push_str("no words");
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_one_short_line() {
        assert_eq!(
            words(b"out of\n order\x1b[0m sample \n"),
            "out of order[0m sample"
        );
        assert_eq!(words(&[b'a'; 10_000]).len(), MOST_WORDS);
        assert_eq!(words(b""), "no words");
    }
}
