//! Where the node is, and from which addresses clients come.
//!
//! A load generator in the wrong direction is an attack, so what isn't this machine has to be named as remote.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use anyhow::{Context as _, bail, ensure};
use tokio::net::{TcpSocket, TcpStream, lookup_host};

/// Connections from one address: well below the 28,232 ports that Linux hands out by itself.
const PER_SOURCE: usize = 20_000;

/// A node's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where it listens.
    pub address: SocketAddr,
    /// As the `Host` header has it.
    pub host: String,
    /// What the address of the WebSocket says behind the host. Empty: where the dialect has it.
    pub path: String,
}

impl Target {
    /// Reads `ws://host:port/path`. An address beyond this machine is refused unless `remote` is said.
    ///
    /// # Errors
    ///
    /// It is no such address, nobody knows the host, or it is remote.
    pub async fn find(url: &str, remote: bool) -> anyhow::Result<Self> {
        let rest = ["ws://", "http://"]
            .iter()
            .find_map(|scheme| url.strip_prefix(scheme));
        let Some(rest) = rest else {
            bail!(
                "{url} is no address to load: give one such as ws://127.0.0.1:8080 (TLS is the proxy's, and isn't measured)"
            );
        };
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        // A colon inside of brackets belongs to an IPv6 address.
        let has_port = host.rsplit(']').next().is_some_and(|end| end.contains(':'));
        let place = if has_port {
            host.to_owned()
        } else {
            format!("{host}:80")
        };
        let found = lookup_host(&place).await;
        let address = found
            .with_context(|| format!("nobody knows where {host} is"))?
            // `localhost` is both, and a node listens on the first by default.
            .min_by_key(SocketAddr::is_ipv6)
            .with_context(|| format!("{host} has no address"))?;
        ensure!(
            remote || address.ip().is_loopback(),
            "{host} is not this machine: say --remote if it is yours to load"
        );
        Ok(Self {
            address,
            host: host.to_owned(),
            path: path.trim_end_matches('/').to_owned(),
        })
    }

    /// Connects the nth client. On this machine, clients beyond what one address has ports for come from the next one.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub async fn connect(&self, n: usize) -> io::Result<TcpStream> {
        let stream = match self.source(n) {
            None => TcpStream::connect(self.address).await?,
            Some(source) => {
                let socket = TcpSocket::new_v4()?;
                socket.bind(SocketAddr::new(source, 0))?;
                socket.connect(self.address).await?
            }
        };
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    fn source(&self, n: usize) -> Option<IpAddr> {
        let is_here = self.address.ip().is_loopback() && self.address.is_ipv4();
        let further = u8::try_from(n / PER_SOURCE).ok().filter(|n| *n > 0)?;
        is_here.then(|| Ipv4Addr::new(127, 0, 0, 1 + further).into())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ws://{}{}", self.host, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn refusal(url: &str) -> String {
        Target::find(url, false).await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn addresses_are_read() {
        let target = Target::find("ws://127.0.0.1:8080/v1/ws", false)
            .await
            .unwrap();
        assert_eq!(target.address, "127.0.0.1:8080".parse().unwrap());
        assert_eq!(
            (target.host.as_str(), target.path.as_str()),
            ("127.0.0.1:8080", "/v1/ws")
        );
        assert_eq!(target.to_string(), "ws://127.0.0.1:8080/v1/ws");
        let target = Target::find("http://[::1]", false).await.unwrap();
        assert_eq!((target.address.port(), target.path.as_str()), (80, ""));
        for url in ["wss://127.0.0.1", "127.0.0.1:8080", "ws://"] {
            refusal(url).await;
        }
    }

    #[tokio::test]
    async fn what_is_not_this_machine_has_to_be_named_so() {
        assert!(refusal("ws://192.0.2.7:80").await.contains("--remote"));
        assert!(refusal("ws://0.0.0.0:80").await.contains("--remote"));
        assert!(Target::find("ws://192.0.2.7:80", true).await.is_ok());
    }

    #[tokio::test]
    async fn clients_beyond_the_ports_of_an_address_come_from_the_next() {
        let of = async |url| Target::find(url, true).await.unwrap();
        let here = of("ws://127.0.0.1:1").await;
        let source = |n| here.source(n).map(|source| source.to_string());
        assert_eq!(source(19_999), None);
        assert_eq!(source(20_000).as_deref(), Some("127.0.0.2"));
        assert_eq!(source(99_999).as_deref(), Some("127.0.0.5"));
        assert_eq!(of("ws://192.0.2.7:80").await.source(50_000), None);
        assert_eq!(of("ws://[::1]:80").await.source(50_000), None);
    }

    #[tokio::test]
    async fn a_client_from_another_address_reaches_the_node() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        let target = Target::find(&url, false).await.unwrap();
        let (_ours, theirs) = tokio::join!(target.connect(40_000), listener.accept());
        assert_eq!(theirs.unwrap().1.ip().to_string(), "127.0.0.3");
    }
}
