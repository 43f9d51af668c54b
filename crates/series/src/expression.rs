//! Regular expressions as Prometheus' users write them: Go's dialect, RE2, read with our library.
//!
//! Both are without back references and take time in proportion to the text, and most of what can be written means
//! the same in both. Where it does not, an expression is written anew: classes such as `\w` are of ASCII there
//! and of Unicode here; braces that are no repetition are text there and an error here; `\Q…\E` and octal numbers
//! are not known here; and a bracket within brackets is text there and a class of its own here.
//! (Go, `regexp/syntax`; RE2, <https://github.com/google/re2/wiki/Syntax>.)

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

use regex::Regex;

/// Reads an expression, which has to fit the whole of a text. Its `.` is no line break, as Prometheus 2 has it.
///
/// # Errors
/// Where the expression cannot be read or would take too much memory.
pub fn expression(text: &str) -> Result<Regex, regex::Error> {
    Regex::new(&format!("^(?:{})$", translated(text)))
}

fn translated(text: &str) -> String {
    let mut to = String::with_capacity(text.len() + 8);
    let mut from = text.chars().peekable();
    while let Some(c) = from.next() {
        match c {
            '\\' => escape(&mut from, &mut to),
            '[' => class(&mut from, &mut to),
            '{' if !repeats(from.clone()) => to.push_str("\\{"),
            c => to.push(c),
        }
    }
    to
}

/// What follows a backslash outside of brackets.
fn escape(from: &mut Peekable<Chars<'_>>, to: &mut String) {
    match from.peek() {
        Some('Q') => {
            from.next();
            let rest: String = from.clone().collect();
            let quoted = rest.split("\\E").next().unwrap_or_default();
            to.push_str(&regex::escape(quoted));
            // The end of the expression ends it too.
            let over = quoted.chars().count() + "\\E".len();
            from.by_ref().take(over).for_each(drop);
        }
        Some(&edge @ ('b' | 'B')) => {
            from.next();
            to.extend(["(?-u:\\", if edge == 'b' { "b" } else { "B" }, ")"]);
        }
        Some(&letter) if ascii(letter).is_some() => {
            from.next();
            to.push('[');
            to.push_str(ascii(letter).unwrap_or_default());
            to.push(']');
        }
        _ => shared_escape(from, to),
    }
}

/// What follows a backslash and means the same within brackets.
fn shared_escape(from: &mut Peekable<Chars<'_>>, to: &mut String) {
    match from.next() {
        Some(digit @ '0'..='7') if digit == '0' || from.peek().is_some_and(|c| is_octal(*c)) => {
            let mut number = u32::from(digit) - u32::from('0');
            for _ in 0..2 {
                let Some(next) = from.next_if(|c| is_octal(*c)) else {
                    break;
                };
                number = number * 8 + u32::from(next) - u32::from('0');
            }
            // Writing to a string cannot fail.
            let _ = write!(to, "\\x{{{number:x}}}");
        }
        Some(kind @ ('p' | 'P')) => {
            to.push('\\');
            let mut name = from.clone();
            // `\p{^Greek}` is `\P{Greek}`.
            if (name.next(), name.next()) == (Some('{'), Some('^')) {
                to.push(if kind == 'p' { 'P' } else { 'p' });
                to.push('{');
                *from = name;
            } else {
                to.push(kind);
                if let Some(brace) = from.next_if_eq(&'{') {
                    to.push(brace);
                }
            }
        }
        Some(c) => {
            to.push('\\');
            to.push(c);
            // `\x{e9}`: no repetition, and no text either.
            if c == 'x'
                && let Some(brace) = from.next_if_eq(&'{')
            {
                to.push(brace);
            }
        }
        None => to.push('\\'),
    }
}

fn is_octal(c: char) -> bool {
    ('0'..='7').contains(&c)
}

/// The class of that letter, within brackets.
fn ascii(letter: char) -> Option<&'static str> {
    Some(match letter {
        'd' => "0-9",
        'D' => "^0-9",
        's' => r"\t\n\f\r\x20",
        'S' => r"^\t\n\f\r\x20",
        'w' => "0-9A-Za-z_",
        'W' => "^0-9A-Za-z_",
        _ => return None,
    })
}

/// Whether a brace begins a repetition: `{2}`, `{2,}` or `{2,5}`.
fn repeats(mut from: Peekable<Chars<'_>>) -> bool {
    let mut digits = 0;
    while from.next_if(char::is_ascii_digit).is_some() {
        digits += 1;
    }
    if from.next_if_eq(&',').is_some() {
        while from.next_if(char::is_ascii_digit).is_some() {}
    }
    digits > 0 && from.next() == Some('}')
}

/// What stands within brackets, the opening one being read.
fn class(from: &mut Peekable<Chars<'_>>, to: &mut String) {
    to.push('[');
    to.extend(from.next_if_eq(&'^'));
    let (mut first, mut range) = (true, false);
    while let Some(c) = from.next() {
        let begins_range = c == '-' && !first && !range;
        match c {
            ']' if !first => {
                to.push(']');
                return;
            }
            '[' if is_named(from.clone()) => {
                to.push('[');
                // Its own bracket ends it.
                to.extend(from.by_ref().take_while(|c| *c != ']'));
                to.push(']');
            }
            // Of two of these the library makes differences and intersections, and of a bracket a class within.
            ']' | '[' | '&' | '~' => to.extend(['\\', c]),
            '-' if !begins_range => to.push_str("\\-"),
            '\\' => match from.peek().copied().and_then(|c| Some((c, ascii(c)?))) {
                Some((letter, inside)) => {
                    from.next();
                    let not = letter.is_ascii_uppercase();
                    to.extend(not.then_some('['));
                    to.push_str(inside);
                    to.extend(not.then_some(']'));
                }
                None => shared_escape(from, to),
            },
            c => to.push(c),
        }
        (first, range) = (false, begins_range);
    }
}

/// Whether `:alpha:]` follows.
fn is_named(mut from: Peekable<Chars<'_>>) -> bool {
    let begins = from.next() == Some(':');
    from.next_if_eq(&'^');
    while from.next_if(char::is_ascii_lowercase).is_some() {}
    begins && (from.next(), from.next()) == (Some(':'), Some(']'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What fits, and what does not, as Go's `regexp` says of `^(?:…)$`.
    #[test]
    fn an_expression_means_what_it_means_in_go() {
        for (text, fits, fits_not) in [
            (r"\w+", &["a_9"][..], &["Zürich", "é", "١"][..]),
            (r"\W", &["é", "-"], &["a"]),
            (r"\d+", &["09"], &["١٢٣"]),
            (r"\D", &["a", "١"], &["1"]),
            (r"a\sb", &["a b", "a\tb", "a\nb"], &["a\u{a0}b", "a\u{b}b"]),
            (r"a\Sb", &["axb", "a\u{a0}b"], &["a b"]),
            (r".*\b-.*", &["a-b"], &["é-b"]),
            (r".*\B-.*", &["é-b"], &["a-b"]),
            (r"[\w-]+", &["a-b"], &["é"]),
            (r"[^\w]+", &["é-"], &["a"]),
            (r"[\Wa]+", &["é-a"], &["b"]),
            (r"(?i)\w", &["K", "\u{17f}", "\u{212a}"], &["é"]),
            (r"(?i)straße", &["STRAßE"], &["strasse"]),
            (r"\Qa.b\E", &["a.b"], &["axb"]),
            (r"a\Q|\Eb", &["a|b"], &["a", "b"]),
            (r"\Qa+", &["a+"], &["aa"]),
            (r"\101\0", &["A\0"], &["101"]),
            (r"\p{^Lu}.+", &["ab"], &["Ab"]),
            (r"\P{^Lu}.+", &["Ab"], &["ab"]),
            (r"\pL\x{e9}\x41", &["éé\u{41}"], &["1éA"]),
            (r"a{x}b{,2}c{}", &["a{x}b{,2}c{}"], &["a"]),
            (r"a{2}b{1,}c{0,1}", &["aab", "aabbc"], &["ab", "aabcc"]),
            (r"[[a]+", &["[a"], &["]"]),
            (r"[]a]+", &["]a"], &["["]),
            (r"[^]a]+", &["bc"], &["]", "a"]),
            (r"[a&&b]+", &["a&b"], &["c"]),
            (r"[a~~b]+", &["a~b"], &["c"]),
            (r"[+--]+", &["+,-"], &["."]),
            (r"[--/]+", &["-./"], &[","]),
            (r"[[:alpha:][:digit:]]+", &["a1"], &["é", ":"]),
            (r"[[:^alpha:]x]+", &["1x"], &["a"]),
            (r"[[:]+", &["[:"], &["a"]),
            (r"[\]\\a-c]+", &[r"]\b"], &["d"]),
            (r"a.b", &["a-b"], &["a\nb"]),
            (r"(?s)a.b", &["a\nb"], &["ab"]),
            (r"", &[""], &["a"]),
        ] {
            let read = expression(text).unwrap();
            for one in fits {
                assert!(read.is_match(one), "{text} fits {one:?}: {read}");
            }
            for one in fits_not {
                assert!(!read.is_match(one), "{text} does not fit {one:?}: {read}");
            }
        }
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        for wrong in ["(", "[a", "a)", r"\", r"\1", "*", "a{2", r"[\", "[[:alpha:"] {
            let read = expression(wrong);
            assert_eq!(read.is_ok(), wrong == "a{2", "{wrong}");
        }
    }
}
