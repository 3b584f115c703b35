//! The state of one connection: what carries it, whether it lives, and who waits for it. Plain state behind a lock.
//!
//! The lock is never held while anything else is called that may want it, so the application may wake and end a connection from
//! wherever it is, also from within a call of its channel.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::Waker,
    time::Instant,
};

use super::{
    Gone, Handle, Refused,
    heartbeat::{Beat, Heartbeat},
};
use crate::Limits;

/// The state of one connection.
pub(super) struct Line {
    state: Mutex<State>,
    /// Somebody asked from outside to end it; done at the next tick.
    killed: AtomicBool,
}

struct State {
    heartbeat: Heartbeat,
    carrier: Carrier,
    probe: Option<Probe>,
    /// Counts probes, so that an abandoned one doesn't complete the next one's upgrade.
    n_probes: u64,
    over: Option<Over>,
}

/// What carries the connection.
enum Carrier {
    Polling {
        polled: bool,
        waker: Option<Waker>,
        posting: bool,
    },
    WebSocket(Option<Arc<dyn Handle>>),
}

/// A WebSocket that may take the connection over.
struct Probe {
    handle: Option<Arc<dyn Handle>>,
    since: Instant,
    answered: bool,
}

struct Over {
    why: Gone,
    /// Seen by a tick for the first time.
    since: Option<Instant>,
}

/// What a held poll is to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Poll {
    /// See what there is; if nothing, wait, or answer at once with `noop`.
    Look { ping: bool, noop: bool },
    /// A WebSocket took over.
    Moved,
    /// The connection is over.
    Over(Gone),
}

/// What a tick found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Tick {
    Fine,
    /// It is to end.
    End(Gone),
}

impl Line {
    pub(super) fn new(limits: &Limits, websocket: bool, now: Instant) -> Arc<Self> {
        let carrier = if websocket {
            Carrier::WebSocket(None)
        } else {
            Carrier::Polling {
                polled: false,
                waker: None,
                posting: false,
            }
        };
        Arc::new(Self {
            state: Mutex::new(State {
                heartbeat: Heartbeat::new(limits.ping_interval, limits.ping_timeout, now),
                carrier,
                probe: None,
                n_probes: 0,
                over: None,
            }),
            killed: AtomicBool::new(false),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No step below leaves the state half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is over, and why.
    pub(super) fn over(&self) -> Option<Gone> {
        self.lock().over.as_ref().map(|over| over.why)
    }

    /// Begins a poll. `Err` with a reason: the connection is to end.
    pub(super) fn begin_poll(&self) -> Result<(), (Refused, Option<Gone>)> {
        let State { carrier, over, .. } = &mut *self.lock();
        match (carrier, over) {
            (_, Some(_)) => Err((Refused::UnknownSession, None)),
            (Carrier::WebSocket(_), _) => Err((Refused::BadRequest, None)),
            (Carrier::Polling { polled: true, .. }, _) => {
                Err((Refused::BadRequest, Some(Gone::Protocol)))
            }
            (Carrier::Polling { polled, .. }, _) => {
                *polled = true;
                Ok(())
            }
        }
    }

    /// What the poll that was begun is to do. Wakes `waker` when there may be something.
    pub(super) fn poll(&self, waker: &Waker) -> Poll {
        let mut state = self.lock();
        if let Some(over) = &state.over {
            return Poll::Over(over.why);
        }
        let noop = state.probe.as_ref().is_some_and(|probe| probe.answered);
        let Carrier::Polling { waker: kept, .. } = &mut state.carrier else {
            return Poll::Moved;
        };
        // Before the caller looks: what comes after its look wakes it.
        *kept = Some(waker.clone());
        let ping = state.heartbeat.take_ping();
        Poll::Look { ping, noop }
    }

    /// The poll is answered, or dropped. `false`: a WebSocket took over meanwhile.
    pub(super) fn end_poll(&self) -> bool {
        let Carrier::Polling { polled, waker, .. } = &mut self.lock().carrier else {
            return false;
        };
        (*polled, *waker) = (false, None);
        true
    }

    /// Begins a post. `Err` with a reason: the connection is to end.
    pub(super) fn begin_post(&self) -> Result<(), (Refused, Option<Gone>)> {
        let State { carrier, over, .. } = &mut *self.lock();
        match (carrier, over) {
            (_, Some(_)) => Err((Refused::UnknownSession, None)),
            (Carrier::WebSocket(_), _) => Err((Refused::BadRequest, None)),
            (Carrier::Polling { posting: true, .. }, _) => {
                Err((Refused::BadRequest, Some(Gone::Protocol)))
            }
            (Carrier::Polling { posting, .. }, _) => {
                *posting = true;
                Ok(())
            }
        }
    }

    /// The post is answered, or dropped. `false`: a WebSocket took over meanwhile.
    pub(super) fn end_post(&self) -> bool {
        let Carrier::Polling { posting, .. } = &mut self.lock().carrier else {
            return false;
        };
        *posting = false;
        true
    }

    /// Lends it the handle of the WebSocket that carries it. `false`: it is over.
    pub(super) fn attach(&self, handle: Arc<dyn Handle>) -> bool {
        let mut state = self.lock();
        let is_open = state.over.is_none();
        if let Carrier::WebSocket(kept) = &mut state.carrier {
            *kept = Some(handle).filter(|_| is_open);
        }
        is_open
    }

    /// Whether it is over, and no WebSocket has to be seen to its end.
    pub(super) fn is_done(&self) -> bool {
        let state = self.lock();
        state.over.is_some() && !matches!(state.carrier, Carrier::WebSocket(Some(_)))
    }

    /// Begins an upgrade, and numbers it.
    pub(super) fn begin_probe(&self, now: Instant) -> Result<u64, Refused> {
        let mut state = self.lock();
        if state.over.is_some() {
            return Err(Refused::UnknownSession);
        }
        if matches!(state.carrier, Carrier::WebSocket(_)) || state.probe.is_some() {
            return Err(Refused::BadRequest);
        }
        state.n_probes += 1;
        state.probe = Some(Probe {
            handle: None,
            since: now,
            answered: false,
        });
        Ok(state.n_probes)
    }

    /// Lends it the handle of the WebSocket that may take over. `false`: that one was given up.
    pub(super) fn attach_probe(&self, number: u64, handle: Arc<dyn Handle>) -> bool {
        self.with_probe(number, |probe| probe.handle = Some(handle))
            .is_some()
    }

    /// The WebSocket was probed: a held poll is let go. `false`: the upgrade was given up.
    pub(super) fn answer_probe(&self, number: u64) -> bool {
        let answered = self.with_probe(number, |probe| probe.answered = true);
        self.wake();
        answered.is_some()
    }

    /// Whether the probe was not given up.
    pub(super) fn is_probing(&self, number: u64) -> bool {
        self.with_probe(number, |_| ()).is_some()
    }

    /// Gives an upgrade up.
    pub(super) fn abandon_probe(&self, number: u64) {
        let mut state = self.lock();
        if state.n_probes == number {
            state.probe = None;
        }
    }

    /// Lets the WebSocket take over. `false`: it was not probed, or was given up.
    pub(super) fn upgrade(&self, number: u64) -> bool {
        let mut state = self.lock();
        let is_it = state.n_probes == number && state.over.is_none();
        let Some(probe) = state.probe.take_if(|probe| is_it && probe.answered) else {
            return false;
        };
        let before = std::mem::replace(&mut state.carrier, Carrier::WebSocket(probe.handle));
        drop(state);
        if let Carrier::Polling {
            waker: Some(waker), ..
        } = before
        {
            waker.wake();
        }
        true
    }

    fn with_probe<T>(&self, number: u64, f: impl FnOnce(&mut Probe) -> T) -> Option<T> {
        let mut state = self.lock();
        let is_it = state.n_probes == number;
        state.probe.as_mut().filter(|_| is_it).map(f)
    }

    /// Whether a ping is to be sent now, for a WebSocket. `Err`: it is over.
    pub(super) fn take_ping(&self) -> Result<bool, Gone> {
        let mut state = self.lock();
        match &state.over {
            Some(over) => Err(over.why),
            None => Ok(state.heartbeat.take_ping()),
        }
    }

    /// The client answered a ping.
    pub(super) fn pong(&self, now: Instant) {
        self.lock().heartbeat.pong(now);
    }

    /// Ends it. `false`: it was over before.
    pub(super) fn end(&self, why: Gone) -> bool {
        let mut state = self.lock();
        if state.over.is_some() {
            return false;
        }
        state.over = Some(Over { why, since: None });
        let probe = state.probe.take();
        drop(state);
        self.wake();
        kill(probe);
        true
    }

    /// The WebSocket that carried it is gone.
    pub(super) fn detach(&self) {
        if let Carrier::WebSocket(handle) = &mut self.lock().carrier {
            *handle = None;
        }
    }

    /// Looks at the clock.
    pub(super) fn tick(&self, limits: &Limits, now: Instant) -> Tick {
        let mut state = self.lock();
        if let Some(over) = &mut state.over {
            let late = now - *over.since.get_or_insert(now) >= limits.close_timeout;
            let stuck = match &state.carrier {
                Carrier::WebSocket(handle) => handle.clone().filter(|_| late),
                Carrier::Polling { .. } => None,
            };
            drop(state);
            if let Some(handle) = stuck {
                handle.kill();
            }
            return Tick::Fine;
        }
        let late = |probe: &mut Probe| now - probe.since >= limits.upgrade_timeout;
        let abandoned = state.probe.take_if(late);
        let beat = state.heartbeat.check(now);
        let wakes = state.heartbeat.has_ping();
        drop(state);
        kill(abandoned);
        if self.killed.load(Ordering::Relaxed) {
            return Tick::End(Gone::Ended);
        }
        if beat == Beat::Gone {
            return Tick::End(Gone::PingTimeout);
        }
        if wakes {
            self.wake();
        }
        Tick::Fine
    }
}

/// A WebSocket that nothing was sent over yet needs no farewell.
fn kill(probe: Option<Probe>) {
    if let Some(handle) = probe.and_then(|probe| probe.handle) {
        handle.kill();
    }
}

impl Handle for Line {
    fn wake(&self) {
        enum Who {
            Poll(Waker),
            Leg(Arc<dyn Handle>),
        }
        let who = match &self.lock().carrier {
            Carrier::Polling { waker, .. } => waker.clone().map(Who::Poll),
            Carrier::WebSocket(handle) => handle.clone().map(Who::Leg),
        };
        match who {
            Some(Who::Poll(waker)) => waker.wake(),
            Some(Who::Leg(handle)) => handle.wake(),
            // Nobody looks at the moment; who comes next looks first.
            None => {}
        }
    }

    fn kill(&self) {
        self.killed.store(true, Ordering::Relaxed);
        let handle = match &self.lock().carrier {
            Carrier::WebSocket(handle) => handle.clone(),
            Carrier::Polling { .. } => None,
        };
        if let Some(handle) = handle {
            handle.kill();
        }
    }
}
