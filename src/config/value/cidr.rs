//! A range of IP addresses: `10.0.0.0/8`, `fd00::/8`, `192.0.2.7`.

use std::{fmt, net::IpAddr};

use super::Value;

/// The addresses that share their first bits with a given one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    address: IpAddr,
    prefix: u32,
}

impl Cidr {
    /// Whether `address` is in the range. An IPv4 address counts as itself when it comes mapped into
    /// IPv6 (`::ffff:10.0.0.1`), as it does on a dual-stack listener.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4()
            && masked(address, self.prefix) == bits(self.address)
    }
}

/// The address as a number, aligned to the left so that a prefix means the same in both families.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits()) << 96,
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

fn masked(address: IpAddr, prefix: u32) -> u128 {
    // A shift by all 128 bits overflows; a prefix of 0 keeps nothing.
    let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
    bits(address) & mask
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl Value for Cidr {
    const NAME: &'static str = "CIDR";

    fn parse(text: &str) -> Result<Self, String> {
        let expected =
            || "expected an address or a range such as 10.0.0.0/8 or fd00::/8".to_owned();
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| expected())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.parse().map_err(|_| expected())?,
            None => longest,
        };
        if longest < prefix {
            return Err(format!("the prefix of {address} is at most {longest}"));
        }
        if masked(address, prefix) != bits(address) {
            // A typing mistake more often than not, and a range of trust is no place to guess.
            return Err(format!(
                "{address} has bits set behind its prefix of {prefix}"
            ));
        }
        Ok(Self { address, prefix })
    }

    fn print(&self) -> String {
        self.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_contains_its_own_and_nothing_else() {
        for (range, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
            ("0.0.0.0/0", "203.0.113.9", "::1"),
            ("fd00::/8", "fdff::1", "fe00::"),
            ("::/0", "2001:db8::1", "10.0.0.1"),
            ("10.0.0.0/8", "::ffff:10.0.0.1", "::ffff:11.0.0.1"),
        ] {
            let cidr = Cidr::parse(range).unwrap();
            assert!(
                cidr.contains(inside.parse().unwrap()),
                "{inside} in {range}"
            );
            assert!(
                !cidr.contains(outside.parse().unwrap()),
                "{outside} in {range}"
            );
            assert_eq!(Cidr::parse(&cidr.print()), Ok(cidr));
        }
    }

    #[test]
    fn a_range_that_is_not_one_is_refused() {
        for text in [
            "",
            "10.0.0.0/33",
            "10.0.0.1/8",
            "::/129",
            "10.0.0.0/-1",
            "proxy",
        ] {
            assert!(Cidr::parse(text).is_err(), "{text}");
        }
    }
}
