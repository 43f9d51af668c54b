//! The grammar of one line: `measurement[,tag=value…] field=value[,…] [time]`.

use std::borrow::Cow;

/// The longest text of a field that may go over several lines, in bytes. Where a quotation mark is
/// not closed within it, only its own line is lost.
const MAX_TEXT: usize = 64 * 1024;

/// More tags or fields than anything sends; a line of nothing else must not fill the memory.
const MAX_PARTS: usize = 10_000;

/// The lines of a body, each with its number from 1. A line end inside a quoted text ends no line.
pub(super) struct Lines<'a> {
    rest: &'a [u8],
    number: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(body: &'a [u8]) -> Self {
        Self {
            rest: body,
            number: 1,
        }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let number = self.number;
        let end = end_of_line(self.rest);
        let (line, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, &[]));
        self.number += 1 + memchr::memchr_iter(b'\n', line).count();
        self.rest = rest.get(1..).unwrap_or_default();
        Some((number, line.strip_suffix(b"\r").unwrap_or(line)))
    }
}

/// Where the first line ends.
fn end_of_line(body: &[u8]) -> usize {
    let first = memchr::memchr(b'\n', body).unwrap_or(body.len());
    let line = body.get(..first).unwrap_or_default();
    // Most lines hold no text, and nothing has to be looked at twice.
    if memchr::memchr(b'"', line).is_none() || line.trim_ascii_start().starts_with(b"#") {
        return first;
    }
    let (mut quoted, mut escaped, mut fields, mut before) = (false, false, false, 0);
    for (at, byte) in body.iter().enumerate().take(first.saturating_add(MAX_TEXT)) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' if quoted => quoted = false,
            // A text begins right after its field's name; elsewhere the mark is a character.
            b'"' if fields && before == b'=' => quoted = true,
            b' ' => fields = true,
            b'\n' if !quoted => return at,
            _ => {}
        }
        before = *byte;
    }
    if quoted || body.len() > first.saturating_add(MAX_TEXT) {
        first
    } else {
        body.len()
    }
}

/// What a line says.
#[derive(Debug, PartialEq)]
pub(super) struct Point<'a> {
    pub(super) measurement: Cow<'a, str>,
    pub(super) tags: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    pub(super) fields: Vec<(Cow<'a, str>, Scalar)>,
    pub(super) time: Option<i64>,
}

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scalar {
    Number(f64),
    Text,
}

/// Reads a line; `None` for a blank one or a comment. The error says what is wrong.
pub(super) fn read(line: &str) -> Result<Option<Point<'_>>, &'static str> {
    let mut cursor = Cursor(line.trim_start_matches([' ', '\t']));
    if cursor.0.is_empty() || cursor.0.starts_with('#') {
        return Ok(None);
    }
    let measurement = unescaped(cursor.until(b", "), ", ");
    if measurement.is_empty() {
        return Err("the measurement has no name");
    }
    let mut tags = Vec::new();
    while cursor.take(",") {
        let name = unescaped(cursor.until(b",= "), ",= ");
        if name.is_empty() || !cursor.take("=") {
            return Err("a tag has no name or no value");
        }
        let value = unescaped(cursor.until(b",= "), ",= ");
        if value.is_empty() {
            return Err("a tag has no value");
        }
        if tags.len() >= MAX_PARTS {
            return Err("there are too many tags");
        }
        tags.push((name, value));
    }
    if !cursor.blanks() {
        return Err("there are no fields");
    }
    let fields = cursor.fields()?;
    let blank = cursor.blanks();
    let time = match cursor.0.trim_end() {
        "" => None,
        text if blank => Some(text.parse().map_err(|_| "the time is not a whole number")?),
        _ => return Err("something stands after the fields"),
    };
    Ok(Some(Point {
        measurement,
        tags,
        fields,
        time,
    }))
}

struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    fn take(&mut self, wanted: &str) -> bool {
        let rest = self.0.strip_prefix(wanted);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn blanks(&mut self) -> bool {
        let rest = self.0.trim_start_matches(' ');
        let any = rest.len() < self.0.len();
        self.0 = rest;
        any
    }

    fn split(&mut self, at: usize) -> &'a str {
        let (word, rest) = self.0.split_at_checked(at).unwrap_or((self.0, ""));
        self.0 = rest;
        word
    }

    /// Up to the first of `ends`, all of them ASCII, that has no backslash before it.
    fn until(&mut self, ends: &[u8]) -> &'a str {
        let mut escaped = false;
        let end = self.0.bytes().position(|byte| {
            let ends = !escaped && ends.contains(&byte);
            escaped = byte == b'\\' && !escaped;
            ends
        });
        self.split(end.unwrap_or(self.0.len()))
    }

    fn fields(&mut self) -> Result<Vec<(Cow<'a, str>, Scalar)>, &'static str> {
        let mut fields = Vec::new();
        loop {
            let name = unescaped(self.until(b",= "), ",= ");
            if name.is_empty() || !self.take("=") {
                return Err("a field has no name or no value");
            }
            if fields.len() >= MAX_PARTS {
                return Err("there are too many fields");
            }
            fields.push((name, self.scalar()?));
            if !self.take(",") {
                return Ok(fields);
            }
        }
    }

    fn scalar(&mut self) -> Result<Scalar, &'static str> {
        if self.take("\"") {
            self.until(b"\"");
            return if self.take("\"") {
                Ok(Scalar::Text)
            } else {
                Err("a text is not closed")
            };
        }
        number(self.until(b", "))
            .map(Scalar::Number)
            .ok_or("a field is neither a number, a boolean nor a quoted text")
    }
}

/// A float, an integer (`1i`), an unsigned integer (`1u`), or a boolean as 1 or 0.
fn number(word: &str) -> Option<f64> {
    if let Some(integer) = word.strip_suffix('i') {
        return integer.parse::<i64>().ok().map(|integer| integer as f64);
    }
    if let Some(integer) = word.strip_suffix('u') {
        return integer.parse::<u64>().ok().map(|integer| integer as f64);
    }
    match word {
        "t" | "T" | "true" | "True" | "TRUE" => Some(1.0),
        "f" | "F" | "false" | "False" | "FALSE" => Some(0.0),
        // The protocol has neither infinities nor NaN, which Rust would read.
        _ => word.parse().ok().filter(|number: &f64| number.is_finite()),
    }
}

/// A name or value without the backslashes before `special`; before anything else they stand for
/// themselves.
fn unescaped<'a>(text: &'a str, special: &str) -> Cow<'a, str> {
    if !text.contains('\\') {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(next) if c == '\\' && special.contains(*next) => {
                out.push(*next);
                chars.next();
            }
            _ => out.push(c),
        }
    }
    out.into()
}
