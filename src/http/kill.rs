//! The kill switch: a second handle on each connection's socket.
//!
//! A peer that stops reading freezes whatever serves it: the response isn't polled any more, and neither
//! are its timers (actix-web issue 2441). Shutting the socket down from outside ends it.

use std::{any::Any, net::Shutdown, sync::Arc, time::Duration};

use actix_web::{dev::Extensions, rt::net::TcpStream};
use parlour_actors::outbox::Kill;
use socket2::{SockRef, Socket, TcpKeepalive};

/// Unacknowledged data older than this, and the kernel gives the peer up (RFC 5482).
const USER_TIMEOUT: Duration = Duration::from_secs(30);

/// A dead peer that is owed nothing is found by probes after so long.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(60);

/// A connection's socket, for those who may have to end it.
#[derive(Clone, Debug)]
pub(super) struct SecondHandle(Arc<Socket>);

impl SecondHandle {
    /// What ends the connection.
    pub(super) fn kill(&self) -> Kill {
        let socket = Arc::clone(&self.0);
        Box::new(move || {
            // Already gone is as good.
            let _gone = socket.shutdown(Shutdown::Both);
        })
    }

    /// Waits until the peer closes. actix-web keeps that to itself while a request is being answered.
    pub(super) async fn peer_is_gone(&self) {
        // A handle of its own, since watches belong to one.
        let watched = self.0.try_clone().map(std::net::TcpStream::from);
        let Ok(socket) = watched.and_then(TcpStream::from_std) else {
            // Out of file descriptors. Whoever waits has other ways to notice, later.
            return std::future::pending().await;
        };
        if let Ok(1..) = socket.peek(&mut [0]).await {
            // The next request came early, which only somebody who is there does. It is not ours to read.
            std::future::pending().await
        }
    }
}

/// Remembers a second handle of each new connection's socket, and sets its time limits.
pub fn remember_socket(connection: &dyn Any, extensions: &mut Extensions) {
    let Some(stream) = connection.downcast_ref::<TcpStream>() else {
        return;
    };
    let socket = SockRef::from(stream);
    let limits = socket
        .set_tcp_nodelay(true)
        .and_then(|()| socket.set_tcp_user_timeout(Some(USER_TIMEOUT)))
        .and_then(|()| socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE_AFTER)));
    if let Err(error) = limits {
        tracing::warn!(%error, "time limits of a socket could not be set");
    }
    match socket.try_clone() {
        Ok(socket) => drop(extensions.insert(SecondHandle(Arc::new(socket)))),
        // Out of file descriptors. A WebSocket without a kill switch is refused by its handler.
        Err(error) => tracing::error!(%error, "a socket has no second handle"),
    }
}
