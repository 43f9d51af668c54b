//! Names of cookies. On an encrypted way ours begin with `__Host-` and are `Secure`: a browser then takes
//! them from this very host only, and neither from a neighbour's name nor over a way that others can
//! write to. Done here, so that nobody who sets a cookie can forget it.

use axum::http::{HeaderMap, HeaderValue, header};

/// How ours begin.
const OURS: &str = "millrace_";
/// What a browser knows them by.
const HOST: &str = "__Host-millrace_";

/// On the way in: ours by their plain names, and none that somebody planted under those.
pub(super) fn inwards(headers: &mut HeaderMap) {
    let lines: Vec<String> = headers
        .get_all(header::COOKIE)
        .into_iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .map(str::trim)
        .filter(|pair| !pair.starts_with(OURS))
        .map(|pair| match pair.strip_prefix(HOST) {
            Some(rest) => format!("{OURS}{rest}"),
            None => pair.to_owned(),
        })
        .collect();
    headers.remove(header::COOKIE);
    if let Ok(line) = HeaderValue::from_str(&lines.join("; "))
        && !lines.is_empty()
    {
        headers.insert(header::COOKIE, line);
    }
}

/// On the way out.
pub(super) fn outwards(headers: &mut HeaderMap) {
    let set: Vec<HeaderValue> = headers
        .get_all(header::SET_COOKIE)
        .into_iter()
        .map(guarded)
        .collect();
    headers.remove(header::SET_COOKIE);
    for value in set {
        headers.append(header::SET_COOKIE, value);
    }
}

fn guarded(value: &HeaderValue) -> HeaderValue {
    let Ok(text) = value.to_str() else {
        return value.clone();
    };
    let has_secure = text
        .split(';')
        .any(|part| part.trim().eq_ignore_ascii_case("secure"));
    let mut text = match text.strip_prefix(OURS) {
        Some(rest) => format!("{HOST}{rest}"),
        None => text.to_owned(),
    };
    if !has_secure {
        text.push_str("; Secure");
    }
    HeaderValue::from_str(&text).unwrap_or_else(|_| value.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(headers: &HeaderMap, name: header::HeaderName) -> Vec<&str> {
        let all = headers.get_all(name).into_iter();
        all.map(|v| v.to_str().unwrap()).collect()
    }

    #[test]
    fn a_session_that_a_neighbour_planted_is_not_seen() {
        let mut headers = HeaderMap::new();
        let sent = "other=dark; millrace_session=planted; __Host-millrace_session=mine";
        headers.insert(header::COOKIE, sent.parse().unwrap());
        inwards(&mut headers);
        assert_eq!(
            line(&headers, header::COOKIE),
            ["other=dark; millrace_session=mine"]
        );
        headers.insert(header::COOKIE, "millrace_session=planted".parse().unwrap());
        inwards(&mut headers);
        assert!(line(&headers, header::COOKIE).is_empty());
    }

    #[test]
    fn what_is_set_bears_the_prefix_and_is_secure_once() {
        let mut headers = HeaderMap::new();
        for cookie in [
            "millrace_session=x; Path=/; HttpOnly; Secure",
            "other=dark; Path=/",
        ] {
            headers.append(header::SET_COOKIE, cookie.parse().unwrap());
        }
        outwards(&mut headers);
        assert_eq!(
            line(&headers, header::SET_COOKIE),
            [
                "__Host-millrace_session=x; Path=/; HttpOnly; Secure",
                "other=dark; Path=/; Secure",
            ]
        );
    }
}
