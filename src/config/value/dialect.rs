//! Dialects in the configuration: listeners of their own, and what Socket.IO clients of the main one speak.

use std::{fmt, net::SocketAddr};

use super::{Value, choice::choice};
use crate::{config::suggest::did_you_mean, dialects::Dialect};

/// A listener for one dialect: `gateway=127.0.0.1:4000`, or `gateway=4000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DialectListener {
    /// What is spoken there; never [`Dialect::Native`].
    pub dialect: Dialect,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// A port beside the main one, so that a preset does on loopback and in a container.
    Port(u16),
    Address(SocketAddr),
}

impl DialectListener {
    /// A port on the host of the main listener.
    pub fn beside(dialect: Dialect, port: u16) -> Self {
        let place = Place::Port(port);
        Self { dialect, place }
    }

    /// Where it listens, given where the main one does.
    pub fn address(&self, main: SocketAddr) -> SocketAddr {
        match self.place {
            Place::Port(port) => SocketAddr::new(main.ip(), port),
            Place::Address(address) => address,
        }
    }
}

impl fmt::Display for DialectListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Place::Port(port) => write!(f, "{}={port}", self.dialect),
            Place::Address(address) => write!(f, "{}={address}", self.dialect),
        }
    }
}

impl Value for DialectListener {
    const NAME: &'static str = "DIALECT=ADDRESS";

    fn parse(text: &str) -> Result<Self, String> {
        let (name, place) = text.split_once('=').ok_or(
            "expected a dialect and its address or port, such as gateway=127.0.0.1:4000 or gateway=4000",
        )?;
        let dialect = match Dialect::find(name.trim()) {
            Some(Dialect::Native) => {
                return Err("the native protocol needs no listener: it is on every one".into());
            }
            Some(dialect) => dialect,
            None => {
                let names = || bound().map(|dialect| dialect.name().to_owned());
                let known = names().collect::<Vec<_>>().join(", ");
                let hint = did_you_mean(name.trim(), names());
                return Err(format!("the dialects are {known}{hint}"));
            }
        };
        let place = place.trim();
        let place = match place.parse() {
            Ok(port) => Place::Port(port),
            Err(_) => Place::Address(place.parse().map_err(|_| {
                format!(
                    "expected {dialect}= and a port, or an IP address and a port such as 127.0.0.1:4000"
                )
            })?),
        };
        Ok(Self { dialect, place })
    }

    fn print(&self) -> String {
        self.to_string()
    }
}

/// The dialects that a listener can be bound to.
fn bound() -> impl Iterator<Item = Dialect> {
    let all = Dialect::ALL.iter().copied();
    all.filter(|dialect| *dialect != Dialect::Native)
}

choice! {
    /// What Socket.IO clients of the main listener speak.
    SocketioDialect {
        /// What they say, or what their first events tell.
        Auto = "auto",
        /// S0.
        Dating = "dating",
        /// S3.
        Gateway = "gateway",
        /// S4.
        Direct = "direct",
    }
}

impl SocketioDialect {
    /// The dialect, if it is settled.
    pub fn dialect(self) -> Option<Dialect> {
        match self {
            Self::Auto => None,
            Self::Dating => Some(Dialect::Dating),
            Self::Gateway => Some(Dialect::Gateway),
            Self::Direct => Some(Dialect::Direct),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_has_an_address_or_a_port_beside_the_main_one() {
        let main: SocketAddr = "0.0.0.0:8080".parse().unwrap();
        for (text, dialect, address) in [
            ("gateway=127.0.0.1:4000", Dialect::Gateway, "127.0.0.1:4000"),
            ("direct=[::1]:3010", Dialect::Direct, "[::1]:3010"),
            ("dating=3001", Dialect::Dating, "0.0.0.0:3001"),
            ("marketplace=0", Dialect::Marketplace, "0.0.0.0:0"),
        ] {
            let listener = DialectListener::parse(text).unwrap();
            assert_eq!(listener.dialect, dialect);
            assert_eq!(listener.address(main), address.parse().unwrap());
            assert_eq!(listener.print(), text);
        }
    }

    #[test]
    fn what_is_no_listener_is_refused_with_what_to_write() {
        for (text, reason) in [
            ("", "such as gateway=127.0.0.1:4000 or gateway=4000"),
            ("gateway", "such as gateway=127.0.0.1:4000 or gateway=4000"),
            ("gatway=4000", "; did you mean gateway?"),
            ("native=4000", "it is on every one"),
            ("gateway=localhost:4000", "expected gateway= and a port"),
            ("gateway=127.0.0.1", "expected gateway= and a port"),
            ("gateway=65536", "expected gateway= and a port"),
        ] {
            let refused = DialectListener::parse(text).unwrap_err();
            assert!(refused.contains(reason), "{text}: {refused}");
        }
    }

    #[test]
    fn socketio_clients_speak_each_dialect_that_has_socketio() {
        let named: Vec<_> = SocketioDialect::ALL
            .iter()
            .filter_map(|choice| {
                let dialect = choice.dialect()?;
                assert_eq!(dialect.name(), choice.as_str());
                Some(dialect)
            })
            .collect();
        let spoken: Vec<_> = bound().filter(|dialect| dialect.uses_socketio()).collect();
        assert_eq!(named, spoken);
    }
}
