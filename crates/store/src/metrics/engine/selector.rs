//! Matchers as an engine reads them: PromQL text in parameters, messages in remote-read.

use std::fmt::Write as _;

use series::{MatchOp, Matcher};

use super::address::EngineKind;
use super::protobuf::{bytes, number};

/// The selector of the series that fit every matcher.
///
/// Engines refuse one that a series without labels would fit. Each series has a name, so asking for
/// that asks for nothing.
pub(super) fn text(kind: EngineKind, matchers: &[Matcher]) -> String {
    let mut out = String::from("{");
    if matchers.iter().all(|matcher| matcher.matches("")) {
        out.push_str("__name__!=\"\",");
    }
    for matcher in matchers {
        name(kind, matcher.name(), &mut out);
        out.push_str(match matcher.op() {
            MatchOp::Equal => "=",
            MatchOp::NotEqual => "!=",
            MatchOp::Regex => "=~",
            MatchOp::NotRegex => "!~",
        });
        quoted(matcher.value(), &mut out);
        out.push(',');
    }
    out.pop();
    out.push('}');
    out
}

/// Names with other characters are quoted for Prometheus, which knows them since 3.0, and have
/// backslashes for VictoriaMetrics.
fn name(kind: EngineKind, name: &str, out: &mut String) {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit()) {
        out.push_str(name);
        return;
    }
    match kind {
        EngineKind::Prometheus => quoted(name, out),
        EngineKind::VictoriaMetrics => {
            for c in name.chars() {
                if !plain(c) {
                    out.push('\\');
                }
                out.push(c);
            }
        }
    }
}

/// A string as PromQL has it ("String literals").
fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            // The bytes of a character below a space are one.
            c if c < ' ' => {
                // Writing to a string does not fail.
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// `Query` of `prompb/remote.proto`.
pub(super) fn query(matchers: &[Matcher], from_ms: i64, to_ms: i64) -> Vec<u8> {
    let mut out = Vec::new();
    number(&mut out, 1, from_ms);
    number(&mut out, 2, to_ms);
    for matcher in matchers {
        let mut one = Vec::new();
        let op = match matcher.op() {
            MatchOp::Equal => 0,
            MatchOp::NotEqual => 1,
            MatchOp::Regex => 2,
            MatchOp::NotRegex => 3,
        };
        number(&mut one, 1, op);
        bytes(&mut one, 2, matcher.name().as_bytes());
        bytes(&mut one, 3, matcher.value().as_bytes());
        bytes(&mut out, 3, &one);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: EngineKind, matchers: &[(&str, MatchOp, &str)]) -> String {
        let matchers: Vec<_> = matchers
            .iter()
            .map(|(name, op, value)| Matcher::new(*name, *op, *value).unwrap())
            .collect();
        text(kind, &matchers)
    }

    #[test]
    fn a_selector_always_asks_for_something() {
        let prometheus = EngineKind::Prometheus;
        assert_eq!(of(prometheus, &[]), "{__name__!=\"\"}");
        assert_eq!(
            of(prometheus, &[("job", MatchOp::NotEqual, "a")]),
            "{__name__!=\"\",job!=\"a\"}"
        );
        assert_eq!(
            of(
                prometheus,
                &[
                    ("__name__", MatchOp::Equal, "up"),
                    ("job", MatchOp::Regex, ".*")
                ]
            ),
            "{__name__=\"up\",job=~\".*\"}"
        );
    }

    #[test]
    fn texts_are_quoted_and_names_as_the_engine_knows_them() {
        let odd = [("a.b", MatchOp::Equal, "x\"\\\n\u{1}\u{1F600}")];
        assert_eq!(
            of(EngineKind::Prometheus, &odd),
            "{\"a.b\"=\"x\\\"\\\\\\n\\x01\u{1F600}\"}"
        );
        assert!(of(EngineKind::VictoriaMetrics, &odd).starts_with("{a\\.b=\"x"));
    }
}
