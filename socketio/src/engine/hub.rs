//! All connections, by their session ids.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use bytestring::ByteString;
use dashmap::DashMap;
use serde::Serialize;

use super::{Channel, Connection, Gone, Handle, Leg, line::Line, sid};
use crate::Limits;

/// The table. A connection knows it weakly, so as to leave it.
pub(super) type Connections = DashMap<String, Arc<Connection>>;

/// All connections.
pub struct Hub {
    connections: Arc<Connections>,
    limits: Arc<Limits>,
    shut: AtomicBool,
}

/// The server stops, so nothing is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shut;

/// What the client is told first.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Open<'a> {
    sid: &'a str,
    upgrades: &'a [&'a str],
    ping_interval: u128,
    ping_timeout: u128,
    max_payload: usize,
}

impl Hub {
    /// A hub without connections.
    pub fn new(limits: Limits) -> Self {
        Self {
            connections: Arc::default(),
            limits: Arc::new(limits),
            shut: AtomicBool::new(false),
        }
    }

    /// Its bounds and times.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Opens a connection that is polled. `channel` makes what is above it, which may keep the handle. Returns the body
    /// of the answer.
    ///
    /// # Errors
    ///
    /// [`Shut`].
    pub fn open(
        &self,
        now: Instant,
        channel: impl FnOnce(Arc<dyn Handle>) -> Box<dyn Channel>,
    ) -> Result<ByteString, Shut> {
        self.start(false, now, channel).map(|(_, open)| open)
    }

    /// Opens a connection that a WebSocket carries.
    ///
    /// # Errors
    ///
    /// [`Shut`].
    pub fn open_websocket(
        &self,
        now: Instant,
        channel: impl FnOnce(Arc<dyn Handle>) -> Box<dyn Channel>,
    ) -> Result<Leg, Shut> {
        let (connection, open) = self.start(true, now, channel)?;
        Ok(Leg::carrying(connection, open))
    }

    fn start(
        &self,
        websocket: bool,
        now: Instant,
        channel: impl FnOnce(Arc<dyn Handle>) -> Box<dyn Channel>,
    ) -> Result<(Arc<Connection>, ByteString), Shut> {
        let sid = sid::random();
        let open = Open {
            sid: &sid,
            upgrades: if websocket { &[] } else { &["websocket"] },
            ping_interval: self.limits.ping_interval.as_millis(),
            ping_timeout: self.limits.ping_timeout.as_millis(),
            max_payload: self.limits.payload_bytes_max,
        };
        let open = serde_json::to_string(&open).expect("texts and numbers");
        let line = Line::new(&self.limits, websocket, now);
        let connection = Arc::new(Connection {
            sid: sid.clone(),
            channel: channel(Arc::clone(&line) as Arc<dyn Handle>),
            line,
            limits: Arc::clone(&self.limits),
            all: Arc::downgrade(&self.connections),
        });
        self.connections.insert(sid, Arc::clone(&connection));
        // After the insertion: whoever shuts the hub finds it, or it finds the hub shut.
        if self.shut.load(Ordering::SeqCst) {
            connection.end(Gone::Shutdown);
            return Err(Shut);
        }
        Ok((connection, format!("0{open}").into()))
    }

    /// The connection of a session id, if it is not over.
    pub fn get(&self, sid: &str) -> Option<Arc<Connection>> {
        let found = self.connections.get(sid).map(|found| Arc::clone(&found))?;
        found.line.over().is_none().then_some(found)
    }

    /// Connections at the moment, with those that are being closed.
    pub fn n_connections(&self) -> usize {
        self.connections.len()
    }

    /// Looks at the clock for all connections: sends pings, and ends those whose time is up. To be called every
    /// [`Limits::tick`].
    pub fn tick(&self, now: Instant) {
        for connection in self.all() {
            connection.tick(now);
        }
    }

    /// Ends all connections, and opens none from now on.
    pub fn shut(&self) {
        self.shut.store(true, Ordering::SeqCst);
        for connection in self.all() {
            connection.end(Gone::Shutdown);
        }
    }

    /// A copy of the table: what is done with a connection may take it out.
    fn all(&self) -> Vec<Arc<Connection>> {
        let connections = self.connections.iter();
        connections.map(|entry| Arc::clone(entry.value())).collect()
    }
}

impl fmt::Debug for Hub {
    /// Session ids are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub")
            .field("n_connections", &self.n_connections())
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
