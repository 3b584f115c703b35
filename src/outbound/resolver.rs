//! Looks up names for outgoing requests, and keeps back what may not be asked. Since the connection is made to exactly
//! what comes from here, a name that changes its mind between a check and a use gains nothing.

use std::{io, net::SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::Reach;

/// The machine's own resolver, behind a guard.
#[derive(Debug)]
pub(super) struct Guard(pub(super) Reach);

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0.clone();
        Box::pin(async move {
            let host = name.as_str();
            // The port is the URL's; 0 stands for it.
            let found = tokio::net::lookup_host((host, 0)).await?;
            let addresses = reach.allowed(host, found.map(|it| it.ip()).collect())?;
            if addresses.is_empty() {
                let error = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
                return Err(error.into());
            }
            let addresses = addresses.into_iter().map(|it| SocketAddr::new(it, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}
