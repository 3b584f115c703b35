//! Socket.IO over one connection: which namespaces the client is in, and what goes to and fro between it and their sockets.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use bytes::Bytes;
use bytestring::ByteString;

use crate::{
    Application, Assembly, Channel, Connect, Denied, Drained, Frame, Gone, Handle, Limits, Refusal,
    Socket,
    packet::{self, BadPacket, DEFAULT_NAMESPACE, Kind, Packet},
};

/// The namespaces of one connection.
pub struct Namespaces<A> {
    application: A,
    handle: Arc<dyn Handle>,
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    assembly: Assembly,
    members: Vec<Member>,
    /// For clients that were not let in.
    refusals: Vec<Frame>,
    /// The client has been in no namespace since.
    alone_since: Option<Instant>,
    /// Connects since `counted_since`.
    n_connects: usize,
    counted_since: Option<Instant>,
}

/// The client's part in a namespace.
struct Member {
    namespace: ByteString,
    /// `None`: it was sent away, and may not know yet.
    socket: Option<Box<dyn Socket>>,
    /// It was told that it is in.
    let_in: bool,
}

impl<A: Application> Namespaces<A> {
    /// A client that is in no namespace yet.
    pub fn new(application: A, handle: Arc<dyn Handle>, limits: &Limits) -> Self {
        Self {
            application,
            handle,
            limits: limits.clone(),
            state: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic of the application while it is held leaves at worst a socket out.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(
        &self,
        mut state: MutexGuard<'_, State>,
        packet: Result<Option<Packet>, BadPacket>,
    ) -> Result<(), Gone> {
        let Some(packet) = packet.map_err(|_| Gone::Protocol)? else {
            return Ok(());
        };
        let at = state
            .members
            .iter()
            .position(|member| member.namespace == packet.namespace);
        let member = at.map(|at| &mut state.members[at]);
        match (packet.kind, member) {
            (Kind::Connect(auth), member) => {
                if member.is_some_and(|member| member.socket.is_some()) {
                    return Err(Gone::Protocol);
                }
                self.connect(&mut state, packet.namespace, auth)
            }
            (Kind::Disconnect, Some(_)) => {
                let member = at.map(|at| state.members.swap_remove(at));
                if let Some(socket) = member.and_then(|member| member.socket) {
                    socket.gone(Gone::ClientLeft);
                }
                Ok(())
            }
            (Kind::Event(event), Some(member)) => {
                // What a client sends before it learns that it was sent away is lost, as it must expect.
                if let Some(socket) = &member.socket {
                    socket.event(event);
                }
                Ok(())
            }
            (Kind::Ack(answer), Some(member)) => {
                if let Some(socket) = &member.socket {
                    socket.ack(answer);
                }
                Ok(())
            }
            (_, None) => Err(Gone::Protocol),
        }
    }

    fn connect(
        &self,
        state: &mut State,
        namespace: ByteString,
        auth: Option<ByteString>,
    ) -> Result<(), Gone> {
        state.n_connects += 1;
        if state.n_connects > self.limits.connects_max {
            return Err(Gone::TooMuch);
        }
        state.members.retain(|member| member.namespace != namespace);
        if state.members.len() >= self.limits.namespaces_max {
            state.members.retain(|member| member.socket.is_some());
        }
        let connected = if state.members.len() < self.limits.namespaces_max {
            self.application.connect(Connect {
                namespace: namespace.clone(),
                auth,
                handle: Arc::clone(&self.handle),
            })
        } else {
            Err(Denied::Refused(Refusal {
                message: format!(
                    "no more than {} namespaces at once; leave one first",
                    self.limits.namespaces_max
                ),
                data: None,
            }))
        };
        match connected {
            Ok(socket) => {
                state.alone_since = None;
                state.members.push(Member {
                    namespace,
                    socket: Some(socket),
                    let_in: false,
                });
            }
            Err(Denied::Cut) => return Err(Gone::Ended),
            Err(Denied::Refused(refusal)) => {
                // A client that goes on asking without fetching the answers.
                if state.refusals.len() >= self.limits.refusals_max {
                    return Err(Gone::TooMuch);
                }
                let refusal = packet::connect_error(&refusal);
                state.refusals.push(of_namespace(refusal, &namespace));
            }
        }
        self.handle.wake();
        Ok(())
    }
}

/// A frame for `/` as one for another namespace.
fn of_namespace(frame: Frame, namespace: &str) -> Frame {
    match frame {
        Frame::Text(text) if namespace != DEFAULT_NAMESPACE => {
            Frame::Text(packet::in_namespace(&text, namespace))
        }
        frame => frame,
    }
}

impl Member {
    /// Takes out what its socket has. `true`: the connection is to end.
    fn drain(&mut self, into: &mut Vec<Frame>) -> bool {
        let Some(socket) = &self.socket else {
            return false;
        };
        let start = into.len();
        let drained = socket.drain(into);
        self.let_in |= into[start..].iter().any(packet::is_connected);
        match &drained {
            Drained::Leave(_) if self.let_in => into.push(packet::DISCONNECT),
            Drained::Leave(refusal) => into.push(packet::connect_error(refusal)),
            Drained::Open | Drained::Cut => {}
        }
        if self.namespace != DEFAULT_NAMESPACE {
            for frame in &mut into[start..] {
                let made = std::mem::replace(frame, packet::DISCONNECT);
                *frame = of_namespace(made, &self.namespace);
            }
        }
        if drained != Drained::Open
            && let Some(socket) = self.socket.take()
        {
            socket.gone(Gone::Ended);
        }
        drained == Drained::Cut
    }
}

impl<A: Application> Channel for Namespaces<A> {
    fn text(&self, message: ByteString) -> Result<(), Gone> {
        let mut state = self.lock();
        let packet = state.assembly.text(&message, &self.limits);
        self.take(state, packet)
    }

    fn binary(&self, message: Bytes) -> Result<(), Gone> {
        let mut state = self.lock();
        let packet = state.assembly.binary(message);
        self.take(state, packet)
    }

    fn drain(&self, into: &mut Vec<Frame>) -> Result<(), Gone> {
        let mut state = self.lock();
        into.append(&mut state.refusals);
        let mut cut = false;
        for member in &mut state.members {
            cut |= member.drain(into);
        }
        if cut { Err(Gone::Ended) } else { Ok(()) }
    }

    fn heard(&self) {
        for member in &self.lock().members {
            if let Some(socket) = &member.socket {
                socket.heard();
            }
        }
    }

    fn tick(&self, now: Instant) -> Result<(), Gone> {
        let mut state = self.lock();
        if state.assembly.is_late(now, self.limits.attachments_timeout) {
            return Err(Gone::Incomplete);
        }
        if now - *state.counted_since.get_or_insert(now) >= self.limits.connect_timeout {
            (state.counted_since, state.n_connects) = (Some(now), 0);
        }
        if state.members.iter().any(|member| member.socket.is_some()) {
            return Ok(());
        }
        let since = *state.alone_since.get_or_insert(now);
        if now - since >= self.limits.connect_timeout {
            return Err(Gone::NoNamespace);
        }
        Ok(())
    }

    fn gone(&self, why: Gone) {
        let members = std::mem::take(&mut self.lock().members);
        for socket in members.into_iter().filter_map(|member| member.socket) {
            socket.gone(why);
        }
    }
}

impl<A> fmt::Debug for Namespaces<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Namespaces").finish_non_exhaustive()
    }
}
