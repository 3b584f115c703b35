//! Whether a client still answers pings. Plain state; the clock is the caller's.

use std::time::{Duration, Instant};

/// A connection's pings.
#[derive(Debug)]
pub(super) struct Heartbeat {
    interval: Duration,
    timeout: Duration,
    state: State,
}

#[derive(Debug)]
enum State {
    Quiet {
        ping_at: Instant,
    },
    /// A ping is due or sent, and not answered.
    Asked {
        gone_at: Instant,
        sent: bool,
    },
}

/// What [`Heartbeat::check`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beat {
    /// There is time.
    Fine,
    /// From now on a ping is due.
    Ask,
    /// No answer came in time.
    Gone,
}

impl Heartbeat {
    pub(super) fn new(interval: Duration, timeout: Duration, now: Instant) -> Self {
        let ping_at = now + interval;
        Self {
            interval,
            timeout,
            state: State::Quiet { ping_at },
        }
    }

    /// To be called now and then.
    pub(super) fn check(&mut self, now: Instant) -> Beat {
        match self.state {
            State::Quiet { ping_at } if now >= ping_at => {
                // Clients count from the moment agreed on. But whoever looks much too late (the machine
                // slept) must not take its own absence for the client's.
                let late = now - ping_at;
                let asked_at = if late < self.timeout / 2 {
                    ping_at
                } else {
                    now
                };
                self.state = State::Asked {
                    gone_at: asked_at + self.timeout,
                    sent: false,
                };
                Beat::Ask
            }
            State::Asked { gone_at, .. } if now >= gone_at => Beat::Gone,
            State::Quiet { .. } | State::Asked { .. } => Beat::Fine,
        }
    }

    /// Whether a ping is to be sent now. Says so once.
    pub(super) fn take_ping(&mut self) -> bool {
        match &mut self.state {
            State::Asked { sent, .. } => !std::mem::replace(sent, true),
            State::Quiet { .. } => false,
        }
    }

    /// Whether a ping waits to be sent.
    pub(super) fn has_ping(&self) -> bool {
        matches!(self.state, State::Asked { sent: false, .. })
    }

    /// The client answered. Without a ping before it, that says nothing.
    pub(super) fn pong(&mut self, now: Instant) {
        if let State::Asked { sent: true, .. } = self.state {
            let ping_at = now + self.interval;
            self.state = State::Quiet { ping_at };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_ping_is_sent_once_and_waited_for() {
        let start = Instant::now();
        let mut beat = Heartbeat::new(3 * SECOND, 2 * SECOND, start);
        assert_eq!(beat.check(start + 2 * SECOND), Beat::Fine);
        assert!(!beat.take_ping());
        assert_eq!(beat.check(start + 3 * SECOND), Beat::Ask);
        assert!(beat.has_ping() && beat.take_ping() && !beat.take_ping() && !beat.has_ping());
        assert_eq!(beat.check(start + 4 * SECOND), Beat::Fine);
        beat.pong(start + 4 * SECOND);
        assert_eq!(beat.check(start + 6 * SECOND), Beat::Fine);
        assert_eq!(beat.check(start + 7 * SECOND), Beat::Ask);
        assert_eq!(beat.check(start + 9 * SECOND), Beat::Gone);
    }

    /// socketioxide took an extra pong for the answer to the next ping, or for none.
    #[test]
    fn an_extra_pong_changes_nothing() {
        let start = Instant::now();
        let mut beat = Heartbeat::new(3 * SECOND, 2 * SECOND, start);
        beat.pong(start + 2 * SECOND);
        assert_eq!(beat.check(start + 3 * SECOND), Beat::Ask, "as without it");
        beat.pong(start + 3 * SECOND);
        assert!(beat.take_ping(), "it was sent before the ping");
        beat.pong(start + 4 * SECOND);
        beat.pong(start + 4 * SECOND);
        assert_eq!(beat.check(start + 6 * SECOND), Beat::Fine);
        assert_eq!(beat.check(start + 7 * SECOND), Beat::Ask);
    }

    #[test]
    fn who_looks_too_late_asks_before_it_judges() {
        let start = Instant::now();
        let mut beat = Heartbeat::new(3 * SECOND, 2 * SECOND, start);
        let woke = start + 3600 * SECOND;
        assert_eq!(beat.check(woke), Beat::Ask);
        assert_eq!(beat.check(woke + SECOND), Beat::Fine);
        assert_eq!(beat.check(woke + 2 * SECOND), Beat::Gone);
    }
}
