//! What a person typed about a target, checked field by field.

use api::{
    Error, Hidden, LONGEST_SCRAPE_INTERVAL_SECONDS, Result, SCRAPE_TIMEOUT_SECONDS, ScrapeTarget,
    TargetChange, TokenChange,
};
use url::{Origin, Url};

/// The longest token: more than any server takes in a header.
const LONGEST_TOKEN: usize = 4096;
/// The longest bundle of authorities.
const LONGEST_CA: usize = 64 * 1024;
/// The longest address.
const LONGEST_URL: usize = 2000;

/// A target that can be scraped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) url: String,
    /// The label `instance`: where the target is.
    pub(super) instance: String,
    pub(super) interval_seconds: u32,
    pub(super) timeout_seconds: u32,
    pub(super) token: Option<Hidden>,
    pub(super) ca: Option<String>,
    pub(super) verify: bool,
}

impl Wanted {
    /// Reads what was typed; `kept` is the target that it changes, with its token.
    pub(super) fn read(
        kept: Option<(&ScrapeTarget, Option<Hidden>)>,
        change: TargetChange,
    ) -> Result<Self> {
        let name = change.name.trim().to_owned();
        if name.is_empty() || name.chars().count() > 100 {
            return Err(Error::field(
                "name",
                "A target needs a name of at most 100 characters.",
            ));
        }
        let url = read_url(&change.url)?;
        let (interval_seconds, timeout_seconds) = read_times(&change)?;
        let token = read_token(kept, &url, change.token)?;
        let ca = change.ca.trim();
        if ca.len() > LONGEST_CA {
            return Err(Error::field(
                "ca",
                "That is more than 64 KiB: give only the authorities of this target.",
            ));
        }
        Ok(Self {
            name,
            instance: instance(&url),
            url: url.into(),
            interval_seconds,
            timeout_seconds,
            token,
            ca: (!ca.is_empty()).then(|| format!("{ca}\n")),
            verify: change.verify,
        })
    }

    /// A target as it is kept, and its token.
    pub(super) fn of(target: &ScrapeTarget, token: Option<Hidden>) -> Self {
        Self {
            name: target.name.clone(),
            url: target.url.clone(),
            instance: instance_of(&target.url),
            interval_seconds: target.interval_seconds,
            timeout_seconds: target.timeout_seconds,
            token,
            ca: target.ca.clone(),
            verify: target.verify,
        }
    }
}

/// An address that can be scraped. One without a path gets the one that nearly all exporters have.
fn read_url(typed: &str) -> Result<Url> {
    let field = |message: &str| Err(Error::field("url", message));
    let typed = typed.trim();
    if typed.len() > LONGEST_URL {
        return field("That address is longer than 2000 characters.");
    }
    let scheme = typed.split_once("://").map(|(scheme, _)| scheme);
    let known = scheme.is_some_and(|s| {
        let s = s.to_ascii_lowercase();
        s == "http" || s == "https"
    });
    if !known {
        return field("Begin with http:// or https://, such as http://db-1:9100/metrics.");
    }
    let Ok(mut url) = Url::parse(typed) else {
        return field("That is not an address: it needs a host, such as http://db-1:9100/metrics.");
    };
    if !url.username().is_empty() || url.password().is_some() {
        return field("An address may not hold a password: it would be shown. Use a bearer token.");
    }
    url.set_fragment(None);
    let after = typed.split_once("://").map_or("", |(_, rest)| rest);
    if !after.contains(['/', '?', '#']) {
        url.set_path("/metrics");
    }
    Ok(url)
}

fn read_times(change: &TargetChange) -> Result<(u32, u32)> {
    let interval = change.interval_seconds;
    if !(1..=LONGEST_SCRAPE_INTERVAL_SECONDS).contains(&interval) {
        return Err(Error::field(
            "interval",
            format!(
                "Choose 1 to {LONGEST_SCRAPE_INTERVAL_SECONDS} s: expressions look back five minutes, and what comes less often has gaps."
            ),
        ));
    }
    let timeout = change
        .timeout_seconds
        .unwrap_or(SCRAPE_TIMEOUT_SECONDS.min(interval));
    if !(1..=interval).contains(&timeout) {
        return Err(Error::field(
            "timeout",
            format!("Choose 1 to {interval} s: a scrape must end before the next begins."),
        ));
    }
    Ok((interval, timeout))
}

/// The token that the target has from now on.
fn read_token(
    kept: Option<(&ScrapeTarget, Option<Hidden>)>,
    url: &Url,
    change: TokenChange,
) -> Result<Option<Hidden>> {
    match change {
        TokenChange::Forget => Ok(None),
        TokenChange::Set(Hidden(token)) => {
            let token = token.trim();
            let sendable = token.bytes().all(|byte| byte.is_ascii_graphic());
            if token.len() > LONGEST_TOKEN || !sendable {
                return Err(Error::field(
                    "token",
                    "A token has at most 4096 letters, digits and signs, and no spaces.",
                ));
            }
            Ok((!token.is_empty()).then(|| Hidden(token.to_owned())))
        }
        TokenChange::Keep => {
            let Some((kept, token)) = kept.and_then(|(kept, token)| Some((kept, token?))) else {
                return Ok(None);
            };
            // Whoever may not read the token could otherwise have it sent to a place of their own.
            if origin(&kept.url).as_ref() != Some(&url.origin()) {
                return Err(Error::field(
                    "token",
                    "This is another host or port: type its token, or choose to forget the old one.",
                ));
            }
            Ok(Some(token))
        }
    }
}

fn origin(url: &str) -> Option<Origin> {
    Url::parse(url).ok().map(|url| url.origin())
}

/// Host and port, as Prometheus writes `instance`.
fn instance(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or_default();
    format!("{host}:{port}")
}

/// The same of an address that is kept.
pub(super) fn instance_of(url: &str) -> String {
    Url::parse(url)
        .map(|url| instance(&url))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::ScrapeState;

    fn change(url: &str) -> TargetChange {
        TargetChange {
            name: " db-1 ".into(),
            url: url.into(),
            interval_seconds: 15,
            timeout_seconds: None,
            token: TokenChange::Keep,
            ca: String::new(),
            verify: true,
        }
    }

    fn field_of(answer: Result<Wanted>) -> String {
        match answer {
            Err(Error::Invalid { fields, .. }) => fields[0].field.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn kept(url: &str) -> ScrapeTarget {
        ScrapeTarget {
            id: "t".into(),
            name: "db-1".into(),
            url: url.into(),
            interval_seconds: 15,
            timeout_seconds: 10,
            has_token: true,
            ca: None,
            verify: true,
            paused: false,
            state: ScrapeState::Waiting,
        }
    }

    #[test]
    fn an_address_without_a_path_gets_the_usual_one() {
        let read = |url| Wanted::read(None, change(url)).unwrap();
        let plain = read("http://db-1:9100");
        assert_eq!(plain.url, "http://db-1:9100/metrics");
        assert_eq!(
            (plain.instance.as_str(), plain.name.as_str()),
            ("db-1:9100", "db-1")
        );
        assert_eq!((plain.interval_seconds, plain.timeout_seconds), (15, 10));
        assert_eq!(read("http://db-1:9100/").url, "http://db-1:9100/");
        assert_eq!(read("HTTPS://Db-1/x?a=1#b").url, "https://db-1/x?a=1");
        assert_eq!(read("https://[::1]/m").instance, "[::1]:443");
    }

    #[test]
    fn what_cannot_be_asked_is_refused_at_its_field() {
        for url in [
            "",
            "db-1:9100",
            "ftp://db-1/",
            "http://",
            "http://ada:pw@db-1/",
            "file:///etc/passwd",
            "javascript://x",
        ] {
            assert_eq!(field_of(Wanted::read(None, change(url))), "url", "{url}");
        }
        let good = || change("http://db-1");
        let with = |f: fn(&mut TargetChange)| {
            let mut change = good();
            f(&mut change);
            field_of(Wanted::read(None, change))
        };
        assert_eq!(with(|c| c.name = " ".into()), "name");
        assert_eq!(with(|c| c.interval_seconds = 0), "interval");
        assert_eq!(with(|c| c.interval_seconds = 301), "interval");
        assert_eq!(with(|c| c.timeout_seconds = Some(16)), "timeout");
        assert_eq!(with(|c| c.timeout_seconds = Some(0)), "timeout");
        let spaced = |c: &mut TargetChange| c.token = TokenChange::Set(Hidden("a\r\nb: c".into()));
        assert_eq!(with(spaced), "token");
    }

    #[test]
    fn a_kept_token_is_not_sent_anywhere_else() {
        let old = kept("https://db-1:9100/metrics");
        let token = || Some(Hidden("s3cret".into()));
        let read = |url| Wanted::read(Some((&old, token())), change(url));
        let same = read("https://db-1:9100/other").unwrap();
        assert_eq!(same.token, Some(Hidden("s3cret".into())));
        for elsewhere in ["https://db-2:9100/", "https://db-1/", "http://db-1:9100/"] {
            assert_eq!(field_of(read(elsewhere)), "token", "{elsewhere}");
        }
        let forget = TargetChange {
            token: TokenChange::Forget,
            ..change("https://db-2")
        };
        assert_eq!(
            Wanted::read(Some((&old, token())), forget).unwrap().token,
            None
        );
        let set = TargetChange {
            token: TokenChange::Set(Hidden(" new ".into())),
            ..change("https://db-2")
        };
        let set = Wanted::read(Some((&old, token())), set).unwrap();
        assert_eq!(set.token, Some(Hidden("new".into())));
    }
}
