//! Who is at the other end: the client's address, and whether the way to them is encrypted. Both also
//! through proxies, but only through those that are named: anybody can write a header.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName};

use crate::reach::Net;

/// What the listener knows of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connection {
    /// Who connected.
    pub(crate) address: SocketAddr,
    /// Whether it is TLS.
    pub(crate) encrypted: bool,
}

/// The client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    /// Where they are; `None` where there is no connection, in a test.
    pub(crate) address: Option<IpAddr>,
    /// Whether what they send is encrypted on its way.
    pub(crate) encrypted: bool,
}

/// The proxies that are believed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies(Arc<[Net]>);

impl Proxies {
    /// Networks such as `10.0.0.0/8`.
    pub(crate) fn parse(list: &[String]) -> Result<Self, String> {
        let nets: Result<Vec<Net>, String> = list.iter().map(|t| t.trim().parse()).collect();
        Ok(Self(nets?.into()))
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0
            .iter()
            .any(|net| net.contains(address.to_canonical()))
    }

    /// The client behind a connection.
    pub(crate) fn peer(&self, connection: Option<Connection>, headers: &HeaderMap) -> Peer {
        let Some(connection) = connection else {
            return Peer {
                address: None,
                encrypted: false,
            };
        };
        let mut address = connection.address.ip().to_canonical();
        let mut encrypted = connection.encrypted;
        if self.trusts(address) {
            let protocol = last(headers, "x-forwarded-proto");
            encrypted |= protocol.is_some_and(|p| p.eq_ignore_ascii_case("https"));
            // From the nearest to the furthest: the first that is no proxy of ours is the client.
            for hop in entries(headers, "x-forwarded-for").into_iter().rev() {
                let Some(before) = address_of(hop) else {
                    break;
                };
                address = before;
                if !self.trusts(address) {
                    break;
                }
            }
        }
        Peer {
            address: Some(address),
            encrypted,
        }
    }
}

/// The entries of a header that may stand more than once.
fn entries<'h>(headers: &'h HeaderMap, name: &'static str) -> Vec<&'h str> {
    let values = headers.get_all(HeaderName::from_static(name)).into_iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .collect()
}

fn last<'h>(headers: &'h HeaderMap, name: &'static str) -> Option<&'h str> {
    entries(headers, name).pop()
}

/// An address with or without a port.
fn address_of(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let address = bare
        .parse()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|s| s.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(trusted: &[&str], from: &str, headers: &[(&'static str, &str)]) -> (String, bool) {
        let list: Vec<String> = trusted.iter().map(|t| (*t).to_owned()).collect();
        let connection = Connection {
            address: from.parse().unwrap(),
            encrypted: false,
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let peer = Proxies::parse(&list).unwrap().peer(Some(connection), &map);
        (peer.address.unwrap().to_string(), peer.encrypted)
    }

    #[test]
    fn what_a_stranger_writes_into_headers_is_not_believed() {
        let lies = [
            ("x-forwarded-for", "10.0.0.1"),
            ("x-forwarded-proto", "https"),
        ];
        assert_eq!(peer(&[], "1.2.3.4:5", &lies), ("1.2.3.4".into(), false));
        assert_eq!(
            peer(&["10.0.0.0/8"], "1.2.3.4:5", &lies),
            ("1.2.3.4".into(), false)
        );
    }

    #[test]
    fn behind_proxies_the_client_is_the_last_that_is_none() {
        let trusted = ["10.0.0.0/8", "::1"];
        let hops = |list: &'static str| {
            [
                ("x-forwarded-for", list),
                ("x-forwarded-proto", "http, HTTPS"),
            ]
        };
        let of = |list| peer(&trusted, "10.0.0.9:5", &hops(list));
        assert_eq!(of("6.6.6.6, 1.2.3.4"), ("1.2.3.4".into(), true));
        assert_eq!(
            of("6.6.6.6, 1.2.3.4:443, 10.0.0.1"),
            ("1.2.3.4".into(), true)
        );
        assert_eq!(of("[2001:db8::1]:9"), ("2001:db8::1".into(), true));
        // Nonsense ends the way there.
        assert_eq!(of("1.2.3.4, unknown"), ("10.0.0.9".into(), true));
        // A client that adds a line of its own before the proxy's.
        let lines = [
            ("x-forwarded-for", "9.9.9.9"),
            ("x-forwarded-for", "1.2.3.4"),
        ];
        assert_eq!(peer(&trusted, "[::1]:5", &lines).0, "1.2.3.4");
        assert_eq!(peer(&trusted, "[::ffff:10.0.0.9]:5", &lines).0, "1.2.3.4");
    }
}
