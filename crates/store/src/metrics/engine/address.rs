//! Where an engine is and how it is spoken to: read from settings, shown without what is secret.

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};

/// What the engine is: it decides how samples are read, and who evaluates PromQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineKind {
    /// Prometheus, or what is built on its query engine and answers remote-read: Mimir, Cortex.
    /// Expressions are evaluated there.
    Prometheus,
    /// VictoriaMetrics, a machine or a cluster. Its language differs from PromQL in what `rate` and
    /// its like answer, so expressions are evaluated here, over its samples.
    VictoriaMetrics,
}

impl EngineKind {
    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prometheus => "Prometheus",
            Self::VictoriaMetrics => "VictoriaMetrics",
        }
    }
}

/// An engine's addresses and what it wants to see before it answers.
#[derive(Clone)]
pub struct EngineAddress {
    pub(super) kind: EngineKind,
    pub(super) query: Endpoint,
    pub(super) write: Endpoint,
}

/// One address with its credentials.
#[derive(Clone)]
pub(super) struct Endpoint {
    url: Url,
    pub(super) headers: HeaderMap,
}

/// Why an engine's address cannot be used. Never repeats it: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineAddressError {
    /// It is no URL, or one of another scheme.
    #[error("the address cannot be read: write `http://host:port` or `https://host/path`")]
    Url,
    /// It has a query or a fragment, which paths cannot be put behind.
    #[error("the address has a `?` or a `#`: write it without")]
    Parameters,
    /// The bearer token cannot travel in a header.
    #[error("the bearer token is empty or holds characters that no header may have")]
    Token,
    /// There is a password in the address and a bearer token.
    #[error("there is a user in the address and a bearer token: an engine takes one of the two")]
    TwoCredentials,
}

impl EngineAddress {
    /// An engine whose query API lies at `url` followed by `/api/v1/query`.
    ///
    /// `write` is the whole address of remote-write where that is not `url` followed by `/api/v1/write`.
    /// A user and password in an address become basic authentication; `token` is sent as bearer to
    /// both addresses.
    ///
    /// # Errors
    /// Where an address or the token cannot be used.
    pub fn new(
        kind: EngineKind,
        url: &str,
        write: Option<&str>,
        token: Option<&str>,
    ) -> Result<Self, EngineAddressError> {
        let query = Endpoint::parse(url, token)?;
        let write = match write {
            Some(write) => Endpoint::parse(write, token)?,
            None => Endpoint {
                url: query.at("/api/v1/write"),
                headers: query.headers.clone(),
            },
        };
        Ok(Self { kind, query, write })
    }

    /// What the engine is.
    pub fn kind(&self) -> EngineKind {
        self.kind
    }

    /// Host and port of its query API.
    pub fn host(&self) -> String {
        self.query.host()
    }
}

impl Endpoint {
    fn parse(text: &str, token: Option<&str>) -> Result<Self, EngineAddressError> {
        let mut url = Url::parse(text.trim()).map_err(|_| EngineAddressError::Url)?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(EngineAddressError::Url);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(EngineAddressError::Parameters);
        }
        let mut headers = HeaderMap::new();
        let user = !url.username().is_empty() || url.password().is_some();
        let secret = match token {
            Some(_) if user => return Err(EngineAddressError::TwoCredentials),
            Some(token) => Some(bearer(token)?),
            None => user.then(|| basic(&url)).transpose()?,
        };
        if let Some(secret) = secret {
            headers.insert(AUTHORIZATION, secret);
        }
        // So that no error and no log that shows the address shows them.
        let bare = url.set_username("").and(url.set_password(None));
        bare.map_err(|()| EngineAddressError::Url)?;
        Ok(Self { url, headers })
    }

    /// The address with a path behind it.
    pub(super) fn at(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}{path}"));
        url
    }

    /// The address itself.
    pub(super) fn url(&self) -> Url {
        self.url.clone()
    }

    pub(super) fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port_or_known_default() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }
}

fn bearer(token: &str) -> Result<HeaderValue, EngineAddressError> {
    let token = token.trim();
    if token.is_empty() {
        return Err(EngineAddressError::Token);
    }
    secret(&format!("Bearer {token}"))
}

/// RFC 7617, section 2.
fn basic(url: &Url) -> Result<HeaderValue, EngineAddressError> {
    let user = decoded(url.username());
    let password = decoded(url.password().unwrap_or_default());
    let pair = [&user[..], b":", &password[..]].concat();
    secret(&format!("Basic {}", base64(&pair)))
}

fn secret(text: &str) -> Result<HeaderValue, EngineAddressError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| EngineAddressError::Token)?;
    value.set_sensitive(true);
    Ok(value)
}

/// The bytes of a percent-encoded text.
fn decoded(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let byte = hex.and_then(|two| u8::from_str_radix(two, 16).ok());
        if let (b'%', Some(byte)) = (first, byte) {
            out.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            out.push(*first);
            rest = after;
        }
    }
    out
}

/// RFC 4648, section 4. A crate for the one header would be more to read than this.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let index = (bits >> (18 - 6 * place)) & 63;
            let letter = ALPHABET.get(index as usize).copied().unwrap_or(b'=');
            let letter = if place <= three.len() { letter } else { b'=' };
            out.push(char::from(letter));
        }
    }
    out
}

impl std::fmt::Debug for EngineAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EngineAddress({} at {})", self.kind.name(), self.host())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine(url: &str, write: Option<&str>, token: Option<&str>) -> EngineAddress {
        EngineAddress::new(EngineKind::Prometheus, url, write, token).unwrap()
    }

    #[test]
    fn paths_come_after_the_base_whatever_its_end() {
        for base in ["http://m:8080/prometheus", "http://m:8080/prometheus/"] {
            let engine = engine(base, Some("http://m:8080/api/v1/push"), None);
            let query = engine.query.at("/api/v1/query");
            assert_eq!(query.as_str(), "http://m:8080/prometheus/api/v1/query");
            assert_eq!(engine.write.url().as_str(), "http://m:8080/api/v1/push");
        }
        let plain = engine("https://prometheus", None, None);
        assert_eq!(
            plain.write.url().as_str(),
            "https://prometheus/api/v1/write"
        );
        assert_eq!(plain.host(), "prometheus:443");
    }

    #[test]
    fn a_user_becomes_a_header_and_is_shown_nowhere() {
        let engine = engine("http://al%69ce:c%40nary%zz@m:1", None, None);
        let sent = engine.write.headers[AUTHORIZATION].to_str().unwrap();
        // As coreutils' base64 has it.
        assert_eq!(sent, "Basic YWxpY2U6Y0BuYXJ5JXp6");
        assert_eq!(engine.query.url().as_str(), "http://m:1/");
        assert_eq!(format!("{engine:?}"), "EngineAddress(Prometheus at m:1)");
        assert!(!format!("{:?}", engine.query.headers).contains("YWxp"));
    }

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn an_address_that_cannot_be_used_says_why_and_repeats_nothing() {
        let why = |url: &str, token| {
            EngineAddress::new(EngineKind::Prometheus, url, None, token).unwrap_err()
        };
        for wrong in [
            "prometheus:9090",
            "ftp://m",
            "http://",
            "postgres://u:canary@h/d",
        ] {
            assert_eq!(why(wrong, None), EngineAddressError::Url, "{wrong}");
        }
        let parameters = why("http://m/?token=canary", None);
        assert_eq!(parameters, EngineAddressError::Parameters);
        let both = why("http://u:p@m", Some("canary"));
        assert_eq!(both, EngineAddressError::TwoCredentials);
        for token in ["", " \n", "a\nb"] {
            assert_eq!(why("http://m", Some(token)), EngineAddressError::Token);
        }
    }
}
