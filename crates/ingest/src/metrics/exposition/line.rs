//! One line of a scrape (prometheus.io, "Exposition formats"; OpenMetrics 1.0, "ABNF").

use std::borrow::Cow;

use series::MetricKind;

use super::Format;

/// More labels than any limit allows; a line of nothing else must not fill the memory.
const MAX_LABELS: usize = 1024;

/// What a line says.
#[derive(Debug, PartialEq)]
pub(super) enum Line<'a> {
    /// It is blank, or a comment for people.
    Nothing,
    Comment(Comment<'a>),
    Sample(Sample<'a>),
}

/// What a comment says about the family it names.
#[derive(Debug, PartialEq)]
pub(super) enum Comment<'a> {
    Help(Cow<'a, str>, Cow<'a, str>),
    Type(Cow<'a, str>, MetricKind),
    Unit(Cow<'a, str>, &'a str),
}

/// A value of a series.
#[derive(Debug, PartialEq)]
pub(super) struct Sample<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) labels: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    pub(super) value: f64,
    pub(super) at_ms: Option<i64>,
    pub(super) exemplar: bool,
}

/// Reads a line; the error says what is wrong with it.
pub(super) fn read(text: &str, format: Format) -> Result<Line<'_>, &'static str> {
    let mut cursor = Cursor(text);
    cursor.blanks();
    if cursor.0.is_empty() {
        return Ok(Line::Nothing);
    }
    if cursor.take('#') {
        return Ok(comment(cursor).map_or(Line::Nothing, Line::Comment));
    }
    sample(cursor, format).map(Line::Sample)
}

/// `None` for a comment that is meant for people, or that is written wrongly.
fn comment(mut cursor: Cursor<'_>) -> Option<Comment<'_>> {
    cursor.blanks();
    let keyword = cursor.word();
    if !matches!(keyword, "HELP" | "TYPE" | "UNIT") {
        return None;
    }
    cursor.blanks();
    let name = if cursor.0.starts_with('"') {
        cursor.quoted().ok()?
    } else {
        cursor.word().into()
    };
    cursor.blanks();
    let rest = cursor.0;
    match keyword {
        "HELP" => Some(Comment::Help(name, unescaped(rest))),
        "TYPE" => Some(Comment::Type(name, kind(rest.trim_end()))),
        _ => Some(Comment::Unit(name, rest.trim_end())),
    }
}

fn kind(word: &str) -> MetricKind {
    match word {
        "counter" => MetricKind::Counter,
        "gauge" => MetricKind::Gauge,
        "histogram" => MetricKind::Histogram,
        "gaugehistogram" => MetricKind::GaugeHistogram,
        "summary" => MetricKind::Summary,
        "info" => MetricKind::Info,
        "stateset" => MetricKind::StateSet,
        _ => MetricKind::Unknown,
    }
}

fn sample(mut cursor: Cursor<'_>, format: Format) -> Result<Sample<'_>, &'static str> {
    let mut name = Cow::from(cursor.until(|c| c == '{' || is_blank(c)));
    let mut labels = Vec::new();
    cursor.blanks();
    if cursor.take('{') {
        let inner = cursor.labels(&mut labels)?;
        // A name that is no plain word stands quoted among the labels.
        if let Some(inner) = inner {
            if !name.is_empty() {
                return Err("the metric has two names");
            }
            name = inner;
        }
    }
    cursor.blanks();
    let value = number(cursor.word()).ok_or("the value is not a number")?;
    cursor.blanks();
    let mut at_ms = None;
    if !cursor.0.is_empty() && !cursor.0.starts_with('#') {
        at_ms = Some(time(cursor.word(), format).ok_or("the time is not a number")?);
        cursor.blanks();
    }
    let exemplar = format == Format::OpenMetrics && cursor.0.starts_with("# {");
    if !exemplar && !cursor.0.is_empty() {
        return Err("something stands after the sample");
    }
    Ok(Sample {
        name,
        labels,
        value,
        at_ms,
        exemplar,
    })
}

/// A number as both formats write it. Rust reads a superset of it, of which only words are wrong.
fn number(word: &str) -> Option<f64> {
    let unsigned = word.strip_prefix(['+', '-']).unwrap_or(word);
    let known = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        || ["inf", "infinity", "nan"]
            .iter()
            .any(|w| unsigned.eq_ignore_ascii_case(w));
    if known { word.parse().ok() } else { None }
}

/// Milliseconds since 1970, from milliseconds in text and from seconds in OpenMetrics.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a time that is too large is refused later, and `as` keeps it large"
)]
fn time(word: &str, format: Format) -> Option<i64> {
    match format {
        Format::Text => word.parse().ok(),
        Format::OpenMetrics => {
            let seconds = number(word).filter(|seconds| seconds.is_finite())?;
            Some((seconds * 1000.0).round() as i64)
        }
    }
}

fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

/// What is left of a line.
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    fn blanks(&mut self) {
        self.0 = self.0.trim_start_matches(is_blank);
    }

    fn take(&mut self, wanted: char) -> bool {
        let rest = self.0.strip_prefix(wanted);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn until(&mut self, end: impl Fn(char) -> bool) -> &'a str {
        let at = self.0.find(end).unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(at);
        self.0 = rest;
        word
    }

    fn word(&mut self) -> &'a str {
        self.until(is_blank)
    }

    /// What stands between quotation marks.
    fn quoted(&mut self) -> Result<Cow<'a, str>, &'static str> {
        if !self.take('"') {
            return Err("a label's value is not in quotation marks");
        }
        let mut escaped = false;
        for (at, byte) in self.0.bytes().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    let text = self.0.get(..at).unwrap_or_default();
                    self.0 = self.0.get(at + 1..).unwrap_or_default();
                    return Ok(unescaped(text));
                }
                _ => {}
            }
        }
        Err("a quotation mark is not closed")
    }

    /// Labels up to the closing brace; gives the metric's name where it stands among them.
    fn labels(
        &mut self,
        labels: &mut Vec<(Cow<'a, str>, Cow<'a, str>)>,
    ) -> Result<Option<Cow<'a, str>>, &'static str> {
        let mut metric = None;
        loop {
            self.blanks();
            if self.take('}') {
                return Ok(metric);
            }
            if labels.len() >= MAX_LABELS {
                return Err("the sample has too many labels");
            }
            let is_quoted = self.0.starts_with('"');
            let name = if is_quoted {
                self.quoted()?
            } else {
                self.until(|c| "=,}\" \t".contains(c)).into()
            };
            self.blanks();
            if self.take('=') {
                self.blanks();
                labels.push((name, self.quoted()?));
            } else if is_quoted && metric.is_none() {
                metric = Some(name);
            } else {
                return Err("a label has no value");
            }
            self.blanks();
            if !self.take(',') && !self.0.starts_with('}') {
                return Err("the labels are not closed");
            }
        }
    }
}

/// A text with its escapes resolved: `\\`, `\"` and `\n`. A backslash before anything else stands for
/// itself.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let resolved = match (c, chars.peek()) {
            ('\\', Some('n')) => '\n',
            ('\\', Some('\\')) => '\\',
            ('\\', Some('"')) => '"',
            _ => {
                out.push(c);
                continue;
            }
        };
        chars.next();
        out.push(resolved);
    }
    out.into()
}
