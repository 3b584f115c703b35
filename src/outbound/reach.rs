//! Which addresses the node asks things of: what is on the internet, and of a network of one's own what the operator
//! allows.
//!
//! Whoever may give the node an address to call could otherwise have it call what only the node reaches: a database
//! next to it, the service that hands out the machine's credentials. Looks at addresses only; names are the resolver's.

use std::{
    error::Error,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::LazyLock,
};

use reqwest::Url;

use crate::config::{self, Cidr, Value};

/// Networks of one's own. The operator may open all of them at once.
const PRIVATE: [&str; 7] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "127.0.0.0/8",
    // Behind a provider's address translation (RFC 6598); also what some VPNs use.
    "100.64.0.0/10",
    "::1/128",
    "fc00::/7",
];

/// Where clouds keep what a machine may know of itself, credentials too, outside of the ranges of [`SPECIAL`].
const METADATA: [&str; 4] = [
    // Alibaba, Azure, AWS, Google.
    "100.100.100.200",
    "168.63.129.16",
    "fd00:ec2::254",
    "fd20:ce::254",
];

/// What is no address of a machine on the internet, by the registries of special-purpose addresses (RFC 6890).
const SPECIAL: [&str; 18] = [
    // "This host": Linux takes it for 127.0.0.1.
    "0.0.0.0/8",
    // Link-local, where most clouds have their metadata.
    "169.254.0.0/16",
    "192.0.0.0/24",
    // For documents, benchmarks and what is past.
    "192.0.2.0/24",
    "192.88.99.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    // Multicast, reserved and broadcast.
    "224.0.0.0/3",
    // Of IPv6, all but 2000::/3: nothing else is given out.
    "::/3",
    "4000::/2",
    "8000::/1",
    // Protocols' own, Teredo among them.
    "2001::/23",
    "2001:db8::/32",
    "3fff::/20",
    // 6to4, past too: what it holds is looked at, and it isn't worth its own right.
    "2002::/16",
    "fe80::/10",
    "ff00::/8",
];

/// Which addresses may be asked.
#[derive(Clone, Debug)]
pub(crate) enum Reach {
    /// All: where the operator alone says which, and means it.
    Anywhere,
    /// Those of the internet, and what is allowed beside them.
    Guarded {
        /// All of [`PRIVATE`].
        private: bool,
        /// Anything, if it is in one of these.
        allow: Vec<Cidr>,
    },
}

/// An address that may not be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// As it was given: a name, or an address.
    host: String,
    /// What it led to; nothing if it isn't an address to ask at all.
    address: Option<IpAddr>,
}

impl Reach {
    /// What the operator lets others have the node call.
    pub(crate) fn guarded(config: &config::Outbound) -> Self {
        Self::Guarded {
            private: config.allow_private,
            allow: config.allow.clone(),
        }
    }

    /// Whether an address may be asked.
    pub(crate) fn allows(&self, address: IpAddr) -> bool {
        let Self::Guarded { private, allow } = self else {
            return true;
        };
        // An address inside of another one is where the packets go in the end.
        [Some(address), inner(address)]
            .into_iter()
            .flatten()
            .all(|it| is_public(it) || allow.iter().any(|range| range.contains(it)))
            || allow.iter().any(|range| range.contains(address))
            || *private && is_private(inner(address).unwrap_or(address))
    }

    /// Looks at a URL, as far as that can be told without asking for a name.
    ///
    /// # Errors
    ///
    /// It isn't one of HTTP, or its host is an address that may not be asked. No resolver is asked about such a host.
    pub(crate) fn check(&self, url: &Url) -> Result<(), Refused> {
        let host = url.host_str().unwrap_or_default();
        let refused = |address| {
            Err(Refused {
                host: host.to_owned(),
                address,
            })
        };
        if !matches!(url.scheme(), "http" | "https") || host.is_empty() {
            return refused(None);
        }
        match address(url) {
            Some(address) if !self.allows(address) => refused(Some(address)),
            _ => Ok(()),
        }
    }

    /// Whether others than who is asked may read what is asked: it is not encrypted, and goes over the internet as far as
    /// the URL tells.
    pub(crate) fn is_exposed(url: &Url) -> bool {
        url.scheme() == "http" && address(url).is_none_or(is_public)
    }

    /// What of a host's addresses may be asked.
    ///
    /// # Errors
    ///
    /// There are some, and none of them may.
    pub(super) fn allowed(
        &self,
        host: &str,
        addresses: Vec<IpAddr>,
    ) -> Result<Vec<IpAddr>, Refused> {
        let first = addresses.first().copied();
        let allowed: Vec<_> = addresses
            .into_iter()
            .filter(|it| self.allows(*it))
            .collect();
        match (first, allowed.is_empty()) {
            (Some(_), true) => Err(Refused {
                host: host.to_owned(),
                address: first,
            }),
            _ => Ok(allowed),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, address } = self;
        match address {
            Some(address) if address.to_string() == host.trim_matches(['[', ']']) => write!(
                f,
                "{address} is not on the internet; outbound.allow can allow it"
            ),
            Some(address) => write!(
                f,
                "{host} is {address}, which is not on the internet; outbound.allow can allow it"
            ),
            None => write!(f, "{host:?} is nothing that can be asked over HTTP"),
        }
    }
}

impl Error for Refused {}

/// The address that a URL names its host by. URL parsers have made `0x7f.1` and the like `127.0.0.1` by now.
fn address(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok()
}

fn ranges(texts: &[&str]) -> Vec<Cidr> {
    let ranges = texts.iter().map(|text| Cidr::parse(text));
    ranges
        .collect::<Result<_, _>>()
        .expect("the tables hold ranges; a test reads them all")
}

fn is_in(ranges: &[Cidr], address: IpAddr) -> bool {
    ranges.iter().any(|range| range.contains(address))
}

fn is_metadata(address: IpAddr) -> bool {
    static RANGES: LazyLock<Vec<Cidr>> = LazyLock::new(|| ranges(&METADATA));
    is_in(&RANGES, address)
}

fn is_private(address: IpAddr) -> bool {
    static RANGES: LazyLock<Vec<Cidr>> = LazyLock::new(|| ranges(&PRIVATE));
    is_in(&RANGES, address) && !is_metadata(address)
}

fn is_public(address: IpAddr) -> bool {
    static RANGES: LazyLock<Vec<Cidr>> = LazyLock::new(|| ranges(&SPECIAL));
    let translated = inner(address).is_some();
    !(is_metadata(address) || is_private(address) || !translated && is_in(&RANGES, address))
}

/// The IPv4 address that an IPv6 address stands for: mapped, or translated by NAT64 (RFC 6052).
fn inner(address: IpAddr) -> Option<IpAddr> {
    let IpAddr::V6(v6) = address else { return None };
    let [a, b, .., high, low] = v6.segments();
    let nat64 = (a, b) == (0x64, 0xff9b) && v6.segments()[2..6] == [0; 4];
    let v4 = || Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    let mapped = Ipv6Addr::to_ipv4_mapped(&v6);
    mapped.or_else(|| nat64.then(v4)).map(IpAddr::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guarded(private: bool, allow: &str) -> Reach {
        let allow = Value::parse(allow).unwrap();
        Reach::Guarded { private, allow }
    }

    const INTERNET: [&str; 7] = [
        "1.1.1.1",
        "93.184.216.34",
        "172.32.0.1",
        "100.128.0.1",
        "2606:4700::1111",
        "::ffff:1.1.1.1",
        "64:ff9b::1.1.1.1",
    ];
    const OWN: [&str; 11] = [
        "10.1.2.3",
        "172.31.255.255",
        "192.168.0.1",
        "127.0.0.1",
        "127.255.255.255",
        "100.64.0.1",
        "::1",
        "fd12::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::10.0.0.1",
    ];
    const NOBODY: [&str; 26] = [
        "0.0.0.0",
        "0.1.2.3",
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "64:ff9b::169.254.169.254",
        "100.100.100.200",
        "::ffff:100.100.100.200",
        "168.63.129.16",
        "fd00:ec2::254",
        "fd20:ce::254",
        "192.0.0.192",
        "192.0.2.1",
        "198.19.0.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::127.0.0.1",
        "64:ff9b:1::1",
        "2001::1",
        "2002:7f00:1::",
        "2001:db8::1",
        "fe80::1",
        "ff02::1",
    ];

    #[test]
    fn without_more_only_the_internet_is_asked() {
        let reach = guarded(false, "");
        for address in INTERNET {
            assert!(reach.allows(address.parse().unwrap()), "{address}");
        }
        for address in OWN.into_iter().chain(NOBODY) {
            assert!(!reach.allows(address.parse().unwrap()), "{address}");
            assert!(Reach::Anywhere.allows(address.parse().unwrap()));
        }
    }

    #[test]
    fn ones_own_networks_are_opened_at_once_and_credentials_are_not_among_them() {
        let reach = guarded(true, "");
        for address in INTERNET.into_iter().chain(OWN) {
            assert!(reach.allows(address.parse().unwrap()), "{address}");
        }
        for address in NOBODY {
            assert!(!reach.allows(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn what_is_allowed_by_name_is_and_nothing_beside_it() {
        let reach = guarded(false, "10.1.0.0/16,169.254.169.254,fd00:ec2::254");
        for address in [
            "10.1.2.3",
            "::ffff:10.1.2.3",
            "169.254.169.254",
            "fd00:ec2::254",
            "1.1.1.1",
        ] {
            assert!(reach.allows(address.parse().unwrap()), "{address}");
        }
        for address in ["10.2.0.1", "127.0.0.1", "169.254.169.253", "::1"] {
            assert!(!reach.allows(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn an_address_is_seen_through_its_spellings() {
        let reach = guarded(false, "");
        for url in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://0x7f000001/",
            "http://2130706433/",
            "http://0177.0.0.1/",
            "http://[::1]:80/",
            "http://[::ffff:7f00:1]/",
            "https://169.254.169.254/latest/meta-data/",
            "http://0/",
            "ftp://example.org/",
            "file:///etc/passwd",
        ] {
            let url = Url::parse(url).unwrap();
            assert!(reach.check(&url).is_err(), "{url}");
        }
        // Names are the resolver's.
        for url in [
            "http://localhost/",
            "https://example.org:8443/x",
            "http://1.1.1.1/",
        ] {
            assert_eq!(reach.check(&Url::parse(url).unwrap()), Ok(()), "{url}");
        }
        assert!(
            Reach::Anywhere
                .check(&Url::parse("http://127.1/").unwrap())
                .is_ok()
        );
    }

    #[test]
    fn of_a_hosts_addresses_those_are_asked_that_may_be() {
        let reach = guarded(false, "");
        let [public, own] = ["1.1.1.1", "10.0.0.1"].map(|it| it.parse().unwrap());
        assert_eq!(reach.allowed("a", vec![own, public]), Ok(vec![public]));
        assert_eq!(reach.allowed("a", Vec::new()), Ok(Vec::new()));
        let refused = reach.allowed("intranet", vec![own]).unwrap_err();
        let said = refused.to_string();
        for word in ["intranet", "10.0.0.1", "outbound.allow"] {
            assert!(said.contains(word), "{said}");
        }
    }
}
