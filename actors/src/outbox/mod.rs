//! What a connection still has to be sent: bounded, ordered, and able to end a client that does not read.
//!
//! Rooms on any thread put frames in, one transport takes them out. Changes are staged, and released
//! when the commit group they belong to has been told everywhere ([`crate::group`]), so that every
//! connection sees positions ascend and the last position it saw is an exact place to resume from.
//! Knows no socket: a transport lends it a way to be woken and a way to be killed.

mod liveness;
mod run;
#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use bytestring::ByteString;
use parlour_storage::ids::Position;
use tokio::sync::Notify;

use self::liveness::{Alive, Liveness};
pub use self::{liveness::clock_ms, run::Run};
use crate::error::CloseCode;

/// One connection, for as long as the process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// One encoded frame for a client, shared by all connections that get the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Text, UTF-8.
    Text(ByteString),
    /// Bytes.
    Binary(Bytes),
    /// A sign of life is asked for.
    Ping,
    /// Several that belong together, in order. They count as one.
    Many(Arc<[Frame]>),
    /// What a room tells of a commit group, to all who are told the same of it.
    Run(Arc<Run>),
}

impl Frame {
    /// Several frames as one; `None` if there are none.
    pub fn many(mut frames: Vec<Self>) -> Option<Self> {
        match frames.len() {
            0 => None,
            1 => frames.pop(),
            _ => Some(Self::Many(frames.into())),
        }
    }

    /// Each single frame in it, in order.
    pub fn flatten(self, into: &mut Vec<Self>) {
        match self {
            Self::Many(frames) => frames.iter().cloned().for_each(|frame| frame.flatten(into)),
            Self::Run(run) => run.frames().cloned().for_each(|frame| frame.flatten(into)),
            single => into.push(single),
        }
    }

    /// For how many it counts.
    fn n_frames(&self) -> usize {
        match self {
            Self::Run(run) => run.len(),
            _ => 1,
        }
    }

    fn n_bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
            Self::Ping => 0,
            Self::Many(frames) => frames.iter().map(Self::n_bytes).sum(),
            Self::Run(run) => run.n_bytes(),
        }
    }
}

/// How a transport is told that there is something to take out. Called from any thread; must not block.
pub trait Wake: Send + Sync {
    /// Something is there. Called once until the next [`Outbox::drain`].
    fn wake(&self);
}

/// Ends a transport from outside, whatever it is doing. Called from any thread; must not block.
pub type Kill = Box<dyn Fn() + Send + Sync>;

/// What a connection still has to be sent.
pub struct Outbox {
    id: ConnectionId,
    frames_max: usize,
    bytes_max: usize,
    state: Mutex<State>,
    /// There may be room again.
    eased: Notify,
    kill: OnceLock<Kill>,
    killed: AtomicBool,
    liveness: Liveness,
    in_flight: AtomicU32,
    /// Fewer requests are unanswered.
    answered: Notify,
    /// Messages of the client that wait for its session.
    incoming_bytes: AtomicUsize,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Frame>,
    /// Changes of commit groups that are still being told.
    staged: Vec<(Position, Frame)>,
    /// Some group will release up to here.
    promised: Position,
    gate: Gate,
    /// Of all frames in `queue`, `staged` and the gate.
    n_frames: usize,
    n_bytes: usize,
    closing: Option<Closing>,
    wake: Option<Arc<dyn Wake>>,
    woken: bool,
}

/// Whether live changes go through.
enum Gate {
    /// Those above the floor do: the ones below were replayed.
    Open { floor: Position },
    /// They are held back while older ones are replayed.
    Held {
        frames: Vec<(Position, Frame)>,
        spilled: bool,
    },
}

impl Default for Gate {
    fn default() -> Self {
        Self::Held {
            frames: Vec::new(),
            spilled: false,
        }
    }
}

#[derive(Clone, Copy)]
struct Closing {
    code: CloseCode,
    since_ms: u64,
    told: bool,
}

/// What [`Outbox::drain`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Send what was taken out, and wait to be woken.
    Open,
    /// Send what was taken out, then close with this code. Said once.
    Close(CloseCode),
    /// Closing was said before.
    Closed,
}

/// What came of [`Outbox::stage`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Staged {
    /// Nobody has promised yet to [`release`](Outbox::release) this outbox up to there, so the caller must.
    ToRelease,
    /// Somebody has.
    Promised,
    /// The connection is closing, or was too slow and now is.
    Refused,
}

impl Staged {
    fn refused(state: MutexGuard<'_, State>) -> Self {
        Outbox::refused(state);
        Self::Refused
    }
}

impl Outbox {
    /// An outbox that holds live changes back until [`Outbox::open_gate`].
    pub fn new(id: ConnectionId, frames_max: usize, bytes_max: usize) -> Arc<Self> {
        Arc::new(Self {
            id,
            frames_max,
            bytes_max,
            state: Mutex::default(),
            eased: Notify::new(),
            kill: OnceLock::new(),
            killed: AtomicBool::new(false),
            liveness: Liveness::default(),
            in_flight: AtomicU32::new(0),
            answered: Notify::new(),
            incoming_bytes: AtomicUsize::new(0),
        })
    }

    /// Whose it is.
    pub fn id(&self) -> ConnectionId {
        self.id
    }

    /// Lends it a transport. Replaces the one before, and wakes the new one if something waits.
    pub fn attach(&self, wake: Arc<dyn Wake>) {
        let mut state = self.lock();
        state.wake = Some(wake);
        state.woken = false;
        let waits = !state.queue.is_empty() || state.closing.is_some();
        Self::wake_if(waits, state);
    }

    /// Takes the transport back: it is gone.
    pub fn detach(&self) {
        self.lock().wake = None;
    }

    /// Lends it a way to end the transport from outside. The first one counts.
    pub fn set_kill(&self, kill: Kill) {
        let _first_counts = self.kill.set(kill);
    }

    /// Adds a frame that has no place in the order. `false`: the connection is closing, or was too slow and now is.
    pub fn push(&self, frame: Frame) -> bool {
        let mut state = self.lock();
        if !self.admit(&mut state, &frame) {
            return Self::refused(state);
        }
        state.queue.push_back(frame);
        Self::wake_if(true, state);
        true
    }

    /// Adds a frame that is worth something only now: dropped while older changes are replayed, so that the first thing
    /// that a client is told is hello, and what was before it comes before it. `false` as for [`push`](Self::push).
    pub fn push_live(&self, frame: Frame) -> bool {
        if matches!(self.lock().gate, Gate::Held { .. }) {
            return true;
        }
        self.push(frame)
    }

    /// Adds a change (or, as a [`Run`], several) of the commit group up to `through`, which is being told.
    pub fn stage(&self, position: Position, through: Position, frame: Frame) -> Staged {
        let mut state = self.lock();
        if !self.admit(&mut state, &frame) {
            return Staged::refused(state);
        }
        state.staged.push((position, frame));
        let first = state.promised < through;
        state.promised = state.promised.max(through);
        if first {
            Staged::ToRelease
        } else {
            Staged::Promised
        }
    }

    /// Adds the only change of a commit group before which nothing is being told any more: nothing has to be waited for.
    pub fn pass(&self, position: Position, frame: Frame) -> Staged {
        let mut state = self.lock();
        if !self.admit(&mut state, &frame) {
            return Staged::refused(state);
        }
        if state.staged.is_empty() {
            state.let_through(position, frame);
        } else {
            // The group before is being released at this moment, or one behind has begun.
            state.staged.push((position, frame));
            state.release(position);
        }
        let waits = !state.queue.is_empty();
        Self::wake_if(waits, state);
        Staged::Promised
    }

    /// Lets staged changes up to a position through, in order.
    pub fn release(&self, through: Position) {
        let mut state = self.lock();
        state.release(through);
        let waits = !state.queue.is_empty();
        Self::wake_if(waits, state);
        // What was staged can be dropped now, which makes room without a drain.
        self.eased.notify_waiters();
    }

    /// Lets live changes above `floor` through from now on, those held back first. `false`: too many came
    /// meanwhile to hold, and some were dropped: replay again, from `floor`.
    pub fn open_gate(&self, floor: Position) -> bool {
        let mut state = self.lock();
        match std::mem::replace(&mut state.gate, Gate::Open { floor }) {
            Gate::Open { .. } => {}
            Gate::Held { spilled: true, .. } => {
                state.gate = Gate::default();
                return false;
            }
            Gate::Held {
                frames,
                spilled: false,
            } => {
                for (position, frame) in frames {
                    state.let_through(position, frame);
                }
            }
        }
        let waits = !state.queue.is_empty();
        Self::wake_if(waits, state);
        true
    }

    /// Waits until less than half of the bounds are in use. `false`: it was closed.
    pub async fn has_room(&self) -> bool {
        loop {
            let eased = self.eased.notified();
            {
                let mut state = self.lock();
                if state.closing.is_some() {
                    return false;
                }
                let has_room = |s: &State| {
                    s.n_frames <= self.frames_max / 2 && s.n_bytes <= self.bytes_max / 2
                };
                // What is held back isn't drained, so waiting for it would be for ever.
                if has_room(&state) || state.spill() && has_room(&state) {
                    return true;
                }
            }
            eased.await;
        }
    }

    /// Takes out what is to be sent now, in order, behind what is in `into` already. [`Frame::Many`] and [`Frame::Run`] are
    /// taken apart.
    pub fn drain(&self, into: &mut Vec<Frame>) -> Drained {
        self.drain_with(|frame| frame.flatten(into))
    }

    /// The same, with each [`Frame::Run`] whole.
    pub fn drain_runs(&self, into: &mut Vec<Frame>) -> Drained {
        self.drain_with(|frame| match frame {
            Frame::Run(_) => into.push(frame),
            frame => frame.flatten(into),
        })
    }

    fn drain_with(&self, mut take: impl FnMut(Frame)) -> Drained {
        let mut locked = self.lock();
        let state = &mut *locked;
        state.woken = false;
        for frame in state.queue.drain(..) {
            state.n_frames -= frame.n_frames();
            state.n_bytes -= frame.n_bytes();
            take(frame);
        }
        // A burst must not leave its largest size behind on every connection.
        if state.queue.capacity() > 64 {
            state.queue.shrink_to(8);
        }
        let said = match &mut state.closing {
            None => Drained::Open,
            Some(closing) if closing.told => Drained::Closed,
            Some(closing) => {
                closing.told = true;
                Drained::Close(closing.code)
            }
        };
        drop(locked);
        self.eased.notify_waiters();
        said
    }

    /// Ends the connection: what is queued still goes out, then the close code. The first code counts.
    pub fn close(&self, code: CloseCode) {
        let state = self.lock();
        Self::close_locked(state, code);
        self.eased.notify_waiters();
    }

    /// Whether it is closing, and for how long.
    pub fn closing_for(&self) -> Option<(CloseCode, Duration)> {
        let closing = self.lock().closing?;
        Some((
            closing.code,
            Duration::from_millis(clock_ms().saturating_sub(closing.since_ms)),
        ))
    }

    /// Shuts the transport down from outside. `false`: that was done before.
    pub fn kill(&self) -> bool {
        if let Some(kill) = self.kill.get() {
            kill();
        }
        !self.killed.swap(true, Ordering::Relaxed)
    }

    /// Notes a sign of life of the client.
    pub fn heard(&self) {
        self.liveness.heard();
    }

    /// Asks a client that was silent for `interval` for a sign of life. `false`: it was asked
    /// `timeout` ago and gave none.
    pub fn check_alive(&self, interval: Duration, timeout: Duration) -> bool {
        match self.liveness.check(interval, timeout) {
            Alive::Heard | Alive::Asked => true,
            Alive::Ask => {
                self.push(Frame::Ping);
                true
            }
            Alive::Gone => false,
        }
    }

    /// Counts a request that is to be answered. `false`: too many are unanswered.
    pub fn begin_request(&self, max: usize) -> bool {
        let before = self.in_flight.fetch_add(1, Ordering::Relaxed);
        let fits = (before as usize) < max;
        if !fits {
            self.in_flight.fetch_sub(1, Ordering::Relaxed);
        }
        fits
    }

    /// Counts a request as answered.
    pub fn end_request(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.answered.notify_waiters();
    }

    /// Waits until fewer requests than `max` are unanswered. `false`: the connection is closing.
    pub async fn has_fewer_requests(&self, max: usize) -> bool {
        loop {
            let (answered, eased) = (self.answered.notified(), self.eased.notified());
            if self.closing_for().is_some() {
                return false;
            }
            if (self.in_flight.load(Ordering::Relaxed) as usize) < max {
                return true;
            }
            tokio::select! { () = answered => {}, () = eased => {} }
        }
    }

    /// Counts a message of the client that waits for its session. `false`: more than `max` bytes do.
    pub fn begin_incoming(&self, n_bytes: usize, max: usize) -> bool {
        let before = self.incoming_bytes.fetch_add(n_bytes, Ordering::Relaxed);
        // One message always fits, however long.
        let fits = before == 0 || before + n_bytes <= max;
        if !fits {
            self.end_incoming(n_bytes);
        }
        fits
    }

    /// Counts a message as taken by its session.
    pub fn end_incoming(&self, n_bytes: usize) {
        self.incoming_bytes.fetch_sub(n_bytes, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic while the lock is held leaves at worst a wrong count behind; losing the connection
        // over it would cost more.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a frame in, unless the connection is closing or the bounds say no: then it is too slow.
    fn admit(&self, state: &mut State, frame: &Frame) -> bool {
        if state.closing.is_some() {
            return false;
        }
        // What waits already counts, and not the new one: a single answer may be longer than the bound, and
        // whoever reads must get it.
        if state.n_frames >= self.frames_max || state.n_bytes >= self.bytes_max {
            return state.spill() && self.admit(state, frame);
        }
        state.n_frames += frame.n_frames();
        state.n_bytes += frame.n_bytes();
        true
    }

    /// A frame was not admitted: if that is for lack of room, the client is too slow.
    fn refused(state: MutexGuard<'_, State>) -> bool {
        if state.closing.is_none() {
            Self::close_locked(state, CloseCode::Slow);
        }
        false
    }

    fn close_locked(mut state: MutexGuard<'_, State>, code: CloseCode) {
        if state.closing.is_some() {
            return;
        }
        state.closing = Some(Closing {
            code,
            since_ms: clock_ms(),
            told: false,
        });
        state.staged = Vec::new();
        state.gate = Gate::Open {
            floor: Position::MAX,
        };
        if code == CloseCode::Slow {
            // It didn't read these; it shall not cost their memory while it doesn't read on.
            state.queue = VecDeque::new();
        }
        Self::wake_if(true, state);
    }

    /// Wakes the transport, once until it drains, and outside of the lock.
    fn wake_if(waits: bool, mut state: MutexGuard<'_, State>) {
        if waits
            && !state.woken
            && let Some(wake) = state.wake.clone()
        {
            state.woken = true;
            drop(state);
            wake.wake();
        }
    }
}

impl State {
    fn release(&mut self, through: Position) {
        let mut ready = std::mem::take(&mut self.staged);
        let later = ready.iter().any(|&(position, _)| position > through);
        if later {
            let (now, rest) = ready
                .into_iter()
                .partition(|&(position, _)| position <= through);
            ready = now;
            self.staged = rest;
        }
        // Rooms stage as they come; within a connection positions ascend.
        ready.sort_unstable_by_key(|&(position, _)| position);
        if run::overlap(&ready) {
            ready = run::taken_apart(ready);
        }
        for (position, frame) in ready {
            self.let_through(position, frame);
        }
    }

    /// Drops what is held back while older changes are replayed: it can be read again from the store.
    /// `false`: there was nothing.
    fn spill(&mut self) -> bool {
        let Gate::Held { frames, spilled } = &mut self.gate else {
            return false;
        };
        if frames.is_empty() {
            return false;
        }
        for (_, frame) in &*frames {
            self.n_frames -= frame.n_frames();
            self.n_bytes -= frame.n_bytes();
        }
        *frames = Vec::new();
        *spilled = true;
        true
    }

    fn let_through(&mut self, position: Position, frame: Frame) {
        if let (Frame::Run(run), Gate::Open { floor }) = (&frame, &self.gate)
            && run.first() <= *floor
            && *floor < run.last()
        {
            // Replayed up to somewhere in it.
            for (position, frame) in run.changes().to_vec() {
                self.let_through(position, frame);
            }
            return;
        }
        match &mut self.gate {
            Gate::Open { floor } if position > *floor => self.queue.push_back(frame),
            Gate::Held {
                frames,
                spilled: false,
            } => frames.push((position, frame)),
            Gate::Open { .. } | Gate::Held { spilled: true, .. } => {
                self.n_frames -= frame.n_frames();
                self.n_bytes -= frame.n_bytes();
            }
        }
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Outbox").field(&self.id).finish()
    }
}
