//! Ends what would not end by itself: silent clients, expired tokens, sockets that don't answer a close.
//!
//! One timer for all connections, and from outside of them: a transport whose peer stopped reading is
//! not polled any more, and its own timers stand still with it.

use std::{sync::Arc, time::Duration};

use actix::{Actor, AsyncContext, Context};

use crate::{error::CloseCode, system::Core};

/// The actor.
#[derive(Debug)]
pub(crate) struct Sweeper {
    core: Arc<Core>,
}

impl Sweeper {
    /// A sweeper for the node's connections.
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Often enough for the shortest of the deadlines, and once a second at least.
    fn interval(&self) -> Duration {
        let settings = &self.core.settings;
        let shortest = settings
            .close_deadline
            .min(settings.ping_interval)
            .min(settings.pong_timeout);
        (shortest / 4).clamp(Duration::from_millis(20), Duration::from_secs(1))
    }

    fn sweep(&self) {
        let settings = &self.core.settings;
        for outbox in self.core.registry.outboxes() {
            match outbox.closing_for() {
                Some((_, since)) if since >= settings.close_deadline => {
                    if outbox.kill() {
                        self.core.counters.killed_clients.add_one();
                    }
                }
                Some(_) => {}
                None if outbox.check_alive(settings.ping_interval, settings.pong_timeout) => {}
                None => outbox.close(CloseCode::Silent),
            }
        }
        let now = self.core.now();
        for connection in self.core.registry.connections() {
            if connection.expires_at() <= now {
                connection.outbox.close(CloseCode::TokenExpired);
            }
        }
    }
}

impl Actor for Sweeper {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(self.interval(), |this, _ctx| this.sweep());
    }
}
