//! Networks by their addresses, and which of them Millrace fetches from.
//!
//! Loopback and private networks are what a hub of one's own is there to watch, so they are let in.
//! What no target can be are the addresses at which clouds hand a machine its credentials: whoever may
//! add a target must not be able to read those. A list can narrow the rest.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use service::FetchFault;

/// A network: an address and how many of its bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Net {
    address: IpAddr,
    bits: u8,
}

impl Net {
    const fn v4(octets: [u8; 4], bits: u8) -> Self {
        let address = IpAddr::V4(Ipv4Addr::from_octets(octets));
        Self { address, bits }
    }

    const fn v6(segments: [u16; 8], bits: u8) -> Self {
        let address = IpAddr::V6(Ipv6Addr::from_segments(segments));
        Self { address, bits }
    }

    /// Whether the address lies in it.
    pub(crate) fn contains(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(net), IpAddr::V4(one)) => {
                let differ = u32::from(net) ^ u32::from(one);
                differ.checked_shr(32 - u32::from(self.bits)).unwrap_or(0) == 0
            }
            (IpAddr::V6(net), IpAddr::V6(one)) => {
                let differ = u128::from(net) ^ u128::from(one);
                differ.checked_shr(128 - u32::from(self.bits)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Net {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is no network: write it as 10.0.0.0/8, fd00::/8 or 127.0.0.1");
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        if bits > most {
            return Err(wrong());
        }
        Ok(Self { address, bits })
    }
}

/// Addresses that only a machine's own cloud answers at, with its credentials, and what no target has.
const NEVER: [Net; 10] = [
    // Link-local: AWS, Azure, Google, Oracle, DigitalOcean, Hetzner and others at 169.254.169.254.
    Net::v4([169, 254, 0, 0], 16),
    Net::v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10),
    Net::v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254], 128),
    // Google, over IPv6.
    Net::v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254], 128),
    // Alibaba, Azure's host, Oracle's older ones.
    Net::v4([100, 100, 100, 200], 32),
    Net::v4([168, 63, 129, 16], 32),
    Net::v4([192, 0, 0, 192], 32),
    // Groups and everybody.
    Net::v4([224, 0, 0, 0], 4),
    Net::v4([255, 255, 255, 255], 32),
    Net::v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8),
];

/// The IPv4 address that an IPv6 one stands for, where it stands for one.
fn meant(address: IpAddr) -> IpAddr {
    let IpAddr::V6(six) = address.to_canonical() else {
        return address.to_canonical();
    };
    let segments = six.segments();
    let four = |at: usize| {
        let high = u32::from(segments[at]) << 16;
        IpAddr::V4((high | u32::from(segments[at + 1])).into())
    };
    match segments {
        // NAT64, 6to4, and the old form with zeros before the address.
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] => four(6),
        [0x2002, ..] => four(1),
        [0, 0, 0, 0, 0, 0, high, _] if high != 0 => four(6),
        _ => address,
    }
}

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Allowed {
    Net(Net),
    Name(String),
    /// Every name that ends so.
    Below(String),
}

/// What is fetched from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reach(Option<Arc<[Allowed]>>);

impl Reach {
    /// A list of networks and names, `*.example.org` for all below one; an empty list lets everything in.
    pub(crate) fn parse(list: &[String]) -> Result<Self, String> {
        let read = |text: &String| {
            let text = text.trim().to_lowercase();
            if text.contains('/') || text.parse::<IpAddr>().is_ok() {
                return text.parse().map(Allowed::Net);
            }
            let (name, below) = match text.strip_prefix('*') {
                Some(rest) => (rest, true),
                None => (text.as_str(), false),
            };
            let letters = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            if name.is_empty() || !name.chars().all(letters) || (below && !name.starts_with('.')) {
                return Err(format!(
                    "`{text}` is neither a network nor a name: write it as 10.0.0.0/8, db.example.org or *.example.org"
                ));
            }
            let name = name.to_owned();
            Ok(if below {
                Allowed::Below(name)
            } else {
                Allowed::Name(name)
            })
        };
        let list: Result<Vec<Allowed>, String> = list.iter().map(read).collect();
        let list = list?;
        Ok(Self((!list.is_empty()).then(|| list.into())))
    }

    /// Whether a host may be asked at that address.
    fn permits(&self, host: &str, address: IpAddr) -> bool {
        let address = meant(address);
        if NEVER.iter().any(|net| net.contains(address)) {
            return false;
        }
        let host = host.to_lowercase();
        self.0.as_ref().is_none_or(|list| {
            list.iter().any(|one| match one {
                Allowed::Net(net) => net.contains(address),
                Allowed::Name(name) => *name == host,
                Allowed::Below(end) => host.ends_with(end.as_str()),
            })
        })
    }

    /// Refuses an address that is written out; names are looked at when they are resolved.
    pub(crate) fn check(&self, url: &Url) -> Result<(), FetchFault> {
        let host = url.host_str().unwrap_or_default();
        // In brackets where it is IPv6; of the many ways to write IPv4 the address knows one only.
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let Ok(address) = bare.parse() else {
            return Ok(());
        };
        if self.permits(host, address) {
            Ok(())
        } else {
            Err(FetchFault::NotAllowed(host.to_owned()))
        }
    }
}

/// A name all of whose addresses are refused, on its way through the client's error.
#[derive(Debug, thiserror::Error)]
#[error("not allowed")]
pub(crate) struct Unreached(pub(crate) FetchFault);

/// Resolves names for the client, which connects to what it is given here and to nothing else: there is
/// no second look-up that could answer otherwise.
impl Resolve for Reach {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.clone();
        Box::pin(async move {
            let host = name.as_str();
            let found = tokio::net::lookup_host((host, 0)).await?;
            let (good, bad): (Vec<_>, Vec<_>) =
                found.partition(|socket| reach.permits(host, socket.ip()));
            if good.is_empty() && !bad.is_empty() {
                let fault = FetchFault::NotAllowed(host.to_owned());
                return Err(Unreached(fault).into());
            }
            let addresses: Addrs = Box::new(good.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(list: &[&str]) -> Reach {
        let list: Vec<String> = list.iter().map(|t| (*t).to_owned()).collect();
        Reach::parse(&list).unwrap()
    }

    fn asked(reach: &Reach, url: &str) -> bool {
        reach.check(&Url::parse(url).unwrap()).is_ok()
    }

    #[test]
    fn ones_own_machines_are_asked_and_a_clouds_credentials_never() {
        let all = reach(&[]);
        for good in [
            "127.0.0.1:9100",
            "10.0.0.7",
            "192.168.1.1",
            "[::1]:9100",
            "[fd12::1]",
            "8.8.8.8",
        ] {
            assert!(asked(&all, &format!("http://{good}/metrics")), "{good}");
        }
        for bad in [
            "169.254.169.254",
            // The same in other spellings.
            "2852039166",
            "0xa9fea9fe",
            "0251.0376.0251.0376",
            "[::ffff:169.254.169.254]",
            "[::a9fe:a9fe]",
            "[64:ff9b::a9fe:a9fe]",
            "[2002:a9fe:a9fe::1]",
            "169.254.170.2",
            "[fe80::1]",
            "[fd00:ec2::254]",
            "[fd20:ce::254]",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "224.0.0.1",
            "255.255.255.255",
            "[ff02::1]",
        ] {
            assert!(!asked(&all, &format!("http://{bad}/")), "{bad}");
            let listed = reach(&["0.0.0.0/0", "::/0"]);
            assert!(
                !asked(&listed, &format!("http://{bad}/")),
                "{bad} though all is listed"
            );
        }
    }

    #[test]
    fn a_list_lets_in_what_stands_in_it_and_nothing_else() {
        let list = reach(&[
            "10.1.0.0/16",
            "fd12::/16",
            "db.example.org",
            "*.shop.example.org",
        ]);
        let at = |host: &str, address: &str| list.permits(host, address.parse().unwrap());
        assert!(at("10.1.2.3", "10.1.2.3") && at("any.name", "10.1.2.3"));
        assert!(at("[fd12::5]", "fd12::5") && at("DB.example.org", "8.8.8.8"));
        assert!(at("till.shop.example.org", "8.8.8.8"));
        assert!(!at("10.2.0.1", "10.2.0.1") && !at("localhost", "127.0.0.1"));
        assert!(!at("evil-db.example.org", "8.8.8.8") && !at("shop.example.org", "8.8.8.8"));
        assert!(!at("db.example.org", "169.254.169.254"), "a name that lies");
        for bad in ["10.0.0.0/33", "x/8", "", "a b", "*", "*x"] {
            assert!(Reach::parse(&[bad.to_owned()]).is_err(), "{bad}");
        }
    }

    #[test]
    fn networks_of_every_size_hold_what_they_should() {
        let net = |text: &str| text.parse::<Net>().unwrap();
        assert!(net("0.0.0.0/0").contains("255.1.2.3".parse().unwrap()));
        assert!(net("::/0").contains("ff::1".parse().unwrap()));
        assert!(!net("0.0.0.0/0").contains("::1".parse().unwrap()));
        assert!(net("10.0.0.1").contains("10.0.0.1".parse().unwrap()));
        assert!(!net("10.0.0.1").contains("10.0.0.2".parse().unwrap()));
    }

    #[tokio::test]
    async fn a_name_is_not_asked_at_an_address_outside_the_list() {
        let list = reach(&["10.0.0.0/8"]);
        let refused = list
            .resolve("localhost".parse().unwrap())
            .await
            .err()
            .unwrap();
        let fault = refused.downcast_ref::<Unreached>().map(|u| u.0.clone());
        assert_eq!(fault, Some(FetchFault::NotAllowed("localhost".into())));
        let found = reach(&[]).resolve("localhost".parse().unwrap()).await;
        assert!(found.unwrap().next().is_some());
    }
}
