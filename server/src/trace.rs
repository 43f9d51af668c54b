//! Which chain of requests one belongs to: W3C Trace Context, level 1 (<https://www.w3.org/TR/trace-context/>).
//!
//! A proxy, a sender or a script that says `traceparent` finds its own id in our log. Nothing rests on it but the log:
//! a client may write what it likes there.

use axum::http::HeaderMap;

/// Where a request belongs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Trace<'a> {
    /// The chain: 32 digits in hexadecimal.
    pub(crate) id: &'a str,
    /// The step of it that asked: 16 digits.
    pub(crate) parent: &'a str,
}

impl<'a> Trace<'a> {
    /// What a request says of itself; none where it says nothing, or nothing that can be read.
    pub(crate) fn of(headers: &'a HeaderMap) -> Option<Self> {
        let mut said = headers.get_all("traceparent").into_iter();
        let text = said.next()?.to_str().ok()?;
        if said.next().is_some() {
            return None;
        }
        let (version, rest) = parted(text, 2)?;
        let (id, rest) = parted(rest?, 32)?;
        let (parent, rest) = parted(rest?, 16)?;
        let (_, further) = parted(rest?, 2)?;
        // A later version may say more; this one says nothing after its flags.
        let readable = version != "ff" && (version != "00" || further.is_none());
        let named = |digits: &str| digits.bytes().any(|digit| digit != b'0');
        (readable && named(id) && named(parent)).then_some(Self { id, parent })
    }
}

/// So many digits, and what follows the hyphen after them, if one does.
fn parted(text: &str, digits: usize) -> Option<(&str, Option<&str>)> {
    let (field, rest) = match text.split_once('-') {
        Some((field, rest)) => (field, Some(rest)),
        None => (text, None),
    };
    let lower = |digit: u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit);
    (field.len() == digits && field.bytes().all(lower)).then_some((field, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const PARENT: &str = "00f067aa0ba902b7";

    fn told(values: &[&str]) -> Option<(String, String)> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("traceparent", HeaderValue::from_str(value).unwrap());
        }
        Trace::of(&headers).map(|trace| (trace.id.to_owned(), trace.parent.to_owned()))
    }

    #[test]
    fn a_trace_is_read_as_its_specification_says() {
        let both = Some((ID.to_owned(), PARENT.to_owned()));
        assert_eq!(told(&[&format!("00-{ID}-{PARENT}-01")]), both);
        assert_eq!(told(&[&format!("cc-{ID}-{PARENT}-01")]), both);
        assert_eq!(told(&[&format!("cc-{ID}-{PARENT}-01-more")]), both);
    }

    #[test]
    fn what_is_no_trace_is_left_alone() {
        let upper = ID.to_uppercase();
        let nought = "0".repeat(32);
        for value in [
            String::new(),
            "00".to_owned(),
            format!("ff-{ID}-{PARENT}-01"),
            format!("00-{ID}-{PARENT}-01-more"),
            format!("00-{ID}-{PARENT}"),
            format!("00-{upper}-{PARENT}-01"),
            format!("00-{nought}-{PARENT}-01"),
            format!("00-{ID}-{}-01", "0".repeat(16)),
            format!("00-{ID}-{PARENT}-1"),
            format!("0-{ID}-{PARENT}-01"),
            "00-xyz".to_owned(),
        ] {
            assert_eq!(told(&[&value]), None, "{value}");
        }
        let one = format!("00-{ID}-{PARENT}-01");
        assert_eq!(told(&[&one, &one]), None);
        assert_eq!(told(&[]), None);
    }
}
