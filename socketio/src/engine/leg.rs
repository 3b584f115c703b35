//! One WebSocket of a connection: the one that carries it, or one that wants to.

use std::{fmt, sync::Arc, time::Instant};

use bytes::Bytes;
use bytestring::ByteString;

use super::{
    Connection, Frame, Gone, Handle,
    packet::{PING, PROBE_ANSWER, Packet},
};

/// One WebSocket of a connection. Dropped when that is closed.
pub struct Leg {
    connection: Arc<Connection>,
    role: Role,
    handle: Option<Arc<dyn Handle>>,
}

enum Role {
    Carries {
        /// The packet that opens the connection, until it is sent.
        open: Option<ByteString>,
    },
    Probes {
        number: u64,
        /// An answer is to be sent.
        probed: bool,
    },
}

impl Leg {
    pub(super) fn carrying(connection: Arc<Connection>, open: ByteString) -> Self {
        Self {
            connection,
            role: Role::Carries { open: Some(open) },
            handle: None,
        }
    }

    pub(super) fn probing(connection: Arc<Connection>, number: u64) -> Self {
        let role = Role::Probes {
            number,
            probed: false,
        };
        Self {
            connection,
            role,
            handle: None,
        }
    }

    /// Lends it the WebSocket's handle, and wakes it.
    pub fn attach(&mut self, handle: Arc<dyn Handle>) {
        let line = &self.connection.line;
        let attached = match self.role {
            Role::Carries { .. } => line.attach(Arc::clone(&handle)),
            Role::Probes { number, .. } => line.attach_probe(number, Arc::clone(&handle)),
        };
        if !attached {
            // It came too late, and nobody would see it to its end.
            return handle.kill();
        }
        handle.wake();
        self.handle = Some(handle);
    }

    /// The text of a frame.
    ///
    /// # Errors
    ///
    /// The WebSocket is to be closed.
    pub fn text(&mut self, text: &ByteString, now: Instant) -> Result<(), Gone> {
        let packet = Packet::decode(text);
        let Role::Probes { number, probed } = &mut self.role else {
            let broken = |_| {
                self.connection.end(Gone::Protocol);
                Gone::Protocol
            };
            return self.connection.take(packet.map_err(broken)?, now);
        };
        let line = &self.connection.line;
        match packet {
            Ok(Packet::Ping { probe: true }) if line.answer_probe(*number) => *probed = true,
            Ok(Packet::Upgrade) if line.upgrade(*number) => {
                self.role = Role::Carries { open: None };
            }
            // Only the upgrade fails: the connection goes on by polling.
            _ => return Err(Gone::Protocol),
        }
        if let Some(handle) = &self.handle {
            handle.wake();
        }
        Ok(())
    }

    /// The bytes of a binary frame.
    ///
    /// # Errors
    ///
    /// The WebSocket is to be closed.
    pub fn binary(&mut self, bytes: Bytes, now: Instant) -> Result<(), Gone> {
        match self.role {
            Role::Carries { .. } => self.connection.take(Packet::Binary(bytes), now),
            Role::Probes { .. } => Err(Gone::Protocol),
        }
    }

    /// What came over the WebSocket can't be read any more: the next drain closes it.
    pub fn fail(&mut self, why: Gone) {
        match (&self.role, &self.handle) {
            (Role::Carries { .. }, _) => self.connection.end(why),
            (Role::Probes { .. }, Some(handle)) => handle.kill(),
            (Role::Probes { .. }, None) => {}
        }
    }

    /// Takes out what is to be sent now, a frame each.
    ///
    /// # Errors
    ///
    /// The WebSocket is to be closed once that is sent.
    pub fn drain(&mut self, into: &mut Vec<Frame>) -> Result<(), Gone> {
        match &mut self.role {
            Role::Probes { number, probed } => {
                if !self.connection.line.is_probing(*number) {
                    return Err(Gone::Ended);
                }
                if std::mem::take(probed) {
                    into.push(PROBE_ANSWER);
                }
                Ok(())
            }
            Role::Carries { open } => {
                into.extend(open.take().map(Frame::Text));
                if self.connection.line.take_ping()? {
                    into.push(PING);
                }
                let drained = self.connection.channel.drain(into);
                drained.inspect_err(|&why| self.connection.end(why))
            }
        }
    }
}

impl Drop for Leg {
    fn drop(&mut self) {
        match self.role {
            Role::Carries { .. } => self.connection.detach(),
            Role::Probes { number, .. } => self.connection.line.abandon_probe(number),
        }
    }
}

impl fmt::Debug for Leg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leg").finish_non_exhaustive()
    }
}
