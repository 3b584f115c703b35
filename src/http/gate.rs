//! Who may connect: origins of pages, and connections per address.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{HttpRequest, http::header};
use dashmap::DashMap;

use crate::config::{AllowedOrigin, Cidr, Config};

/// Who may connect.
#[derive(Debug)]
pub struct Gate {
    allowed_origins: Vec<AllowedOrigin>,
    trusted_proxies: Vec<Cidr>,
    per_ip_max: usize,
    per_ip: Arc<DashMap<IpAddr, usize>>,
    /// Between two connections of one address, in the long run.
    handshake_every: Duration,
    /// When each address's next connection would be due, were they spread out evenly. In the past: forgotten in time.
    handshakes: DashMap<IpAddr, Instant>,
}

/// Addresses whose handshakes are remembered, before those that need no memory are forgotten.
const HANDSHAKES_MAX: usize = 4096;

/// A connection counted for its address, until this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    address: IpAddr,
    per_ip: Arc<DashMap<IpAddr, usize>>,
}

impl Gate {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            allowed_origins: config.http.allowed_origins.clone(),
            trusted_proxies: config.http.trusted_proxies.clone(),
            per_ip_max: config.session.per_ip_max,
            per_ip: Arc::default(),
            handshake_every: Duration::from_secs(1)
                / u32::try_from(config.session.handshakes_per_ip).unwrap_or(u32::MAX),
            handshakes: DashMap::new(),
        }
    }

    /// Whether a page of this origin may connect. Programs that are no browser send none, and may.
    pub(super) fn admits_origin(&self, request: &HttpRequest) -> bool {
        let Some(origin) = request.headers().get(header::ORIGIN) else {
            return true;
        };
        let Ok(origin) = origin.to_str() else {
            return false;
        };
        if origin == "null" {
            return false;
        }
        let host = request
            .headers()
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        let same = origin.split_once("://").map(|(_, authority)| authority);
        same.is_some() && same == host
            || self
                .allowed_origins
                .iter()
                .any(|allowed| allowed.allows(origin))
    }

    /// Counts one more connection from the request's address. `None`: there are too many, or they come too fast.
    pub(super) fn enter(&self, request: &HttpRequest) -> Option<Place> {
        let address = network(self.client_address(request)?);
        if !self.is_due(address, Instant::now) {
            return None;
        }
        let mut count = self.per_ip.entry(address).or_insert(0);
        if *count >= self.per_ip_max {
            return None;
        }
        *count += 1;
        Some(Place {
            address,
            per_ip: Arc::clone(&self.per_ip),
        })
    }

    /// Whether an address may connect once more now (GCRA).
    fn is_due(&self, address: IpAddr, clock: impl Fn() -> Instant) -> bool {
        if self.handshakes.len() >= HANDSHAKES_MAX {
            let now = clock();
            self.handshakes.retain(|_, due| *due > now);
        }
        let burst = u32::try_from(self.per_ip_max).unwrap_or(u32::MAX);
        let mut due = self.handshakes.entry(address).or_insert_with(&clock);
        // Looked at while the entry is held: one that waited for it would count the wait against its address.
        let now = clock();
        let start = (*due).max(now);
        let fits = start - now <= self.handshake_every.saturating_mul(burst - 1);
        if fits {
            *due = start + self.handshake_every;
        }
        fits
    }

    /// Where a request comes from. `X-Forwarded-For` is believed from trusted proxies only, and read from
    /// its end: what stands further left is what the client itself claims.
    pub(super) fn client_address(&self, request: &HttpRequest) -> Option<IpAddr> {
        let mut address = request.peer_addr()?.ip();
        let headers = request
            .headers()
            .get_all("x-forwarded-for")
            .filter_map(|value| value.to_str().ok());
        let mut hops: Vec<&str> = headers
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .collect();
        while self
            .trusted_proxies
            .iter()
            .any(|proxy| proxy.contains(address))
        {
            match hops.pop().and_then(|hop| hop.parse().ok()) {
                Some(hop) => address = hop,
                None => break,
            }
        }
        Some(address)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(mut count) = self.per_ip.get_mut(&self.address) {
            *count -= 1;
        }
        self.per_ip.remove_if(&self.address, |_, count| *count == 0);
    }
}

/// What counts as one address: all of an IPv6 /64, since that is what one customer gets.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;
    use crate::config::Value as _;

    fn gate(origins: &[&str], proxies: &[&str], per_ip_max: usize) -> Gate {
        Gate {
            allowed_origins: origins
                .iter()
                .map(|o| AllowedOrigin::parse(o).unwrap())
                .collect(),
            trusted_proxies: proxies.iter().map(|p| Cidr::parse(p).unwrap()).collect(),
            per_ip_max,
            per_ip: Arc::default(),
            handshake_every: Duration::ZERO,
            handshakes: DashMap::new(),
        }
    }

    fn from(peer: &str, headers: &[(&str, &str)]) -> HttpRequest {
        let request = TestRequest::default().peer_addr(peer.parse().unwrap());
        headers
            .iter()
            .fold(request, |r, (name, value)| r.insert_header((*name, *value)))
            .to_http_request()
    }

    #[test]
    fn pages_of_other_origins_need_to_be_named() {
        let gate = gate(
            &["https://app.example.org", "https://*.example.net"],
            &[],
            1,
        );
        let admits = |origin| {
            gate.admits_origin(&from(
                "10.0.0.1:1",
                &[("host", "chat.example.org"), ("origin", origin)],
            ))
        };
        assert!(admits("https://chat.example.org"), "its own pages");
        assert!(admits("https://app.example.org"));
        assert!(admits("https://a.example.net"));
        for origin in [
            "null",
            "https://evil.example",
            "https://chat.example.org.evil.example",
            "https://a.b.example.net",
            "",
        ] {
            assert!(!admits(origin), "{origin}");
        }
        assert!(gate.admits_origin(&from("10.0.0.1:1", &[])), "no browser");
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let gate = gate(&[], &["10.0.0.0/8"], 1);
        let address = |peer, forwarded| {
            gate.client_address(&from(peer, &[("x-forwarded-for", forwarded)]))
                .unwrap()
                .to_string()
        };
        assert_eq!(address("192.0.2.1:1", "1.1.1.1"), "192.0.2.1");
        assert_eq!(address("10.0.0.1:1", "1.1.1.1"), "1.1.1.1");
        assert_eq!(
            address("10.0.0.1:1", "6.6.6.6, 1.1.1.1, 10.0.0.2"),
            "1.1.1.1"
        );
        assert_eq!(address("10.0.0.1:1", "rubbish"), "10.0.0.1");
    }

    #[test]
    fn an_address_has_so_many_places_and_gets_them_back() {
        let gate = gate(&[], &[], 2);
        let first = gate.enter(&from("[2001:db8::1]:1", &[])).unwrap();
        let _second = gate.enter(&from("[2001:db8::2]:1", &[])).unwrap();
        assert!(
            gate.enter(&from("[2001:db8::3]:1", &[])).is_none(),
            "the same /64"
        );
        assert!(gate.enter(&from("[2001:db8:0:1::1]:1", &[])).is_some());
        drop(first);
        assert!(gate.enter(&from("[2001:db8::3]:1", &[])).is_some());
        assert_eq!(gate.per_ip.len(), 1, "nothing is left of those who went");
    }

    #[test]
    fn an_address_may_connect_in_a_burst_and_then_at_its_rate() {
        let gate = Gate {
            handshake_every: Duration::from_millis(50),
            ..gate(&[], &[], 3)
        };
        let (here, there) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        let now = Instant::now();
        let n_let_in = |address, at| (0..10).filter(|_| gate.is_due(address, || at)).count();
        assert_eq!(n_let_in(here, now), 3);
        assert_eq!(n_let_in(there, now), 3, "each address for itself");
        assert_eq!(
            n_let_in(here, now + Duration::from_millis(100)),
            2,
            "20 a second"
        );
        assert_eq!(
            n_let_in(here, now + Duration::from_secs(3600)),
            3,
            "no more than a burst"
        );
    }
}
