//! Notifies people of what waits for them: those who are not there by their devices, those who are over their connections.
//!
//! It follows the store's events like any consumer, so nothing that is sent waits for it. Which notification a message
//! becomes is the store's to say ([`Notices`](parlour_storage::notices::Notices)); what concerns two people, it has stored
//! by itself. Here is who is told of it: `follow` reads on, `plan` says what the events come to, `queue` which device is
//! told what next, `deliver` tells it.

mod deliver;
mod follow;
mod plan;
mod queue;

use std::sync::Arc;

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, WrapFuture};
use parlour_storage::domain::notification::Notified;
use tokio::sync::mpsc;

use crate::{pusher::Pusher, system::Core};

/// Notifications that wait to be told to devices. Who follows waits, once there are more.
const TOLD_MAX: usize = 1024;

/// The actor.
#[derive(Debug)]
pub(crate) struct Notifier {
    core: Arc<Core>,
}

impl Notifier {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Tells devices what comes in.
    fn push(&self, pusher: Arc<dyn Pusher>, ctx: &mut Context<Self>) -> mpsc::Sender<Notified> {
        let (tell, told) = mpsc::channel(TOLD_MAX);
        let delivering = deliver::deliver(Arc::clone(&self.core), pusher, told);
        ctx.spawn(delivering.into_actor(self));
        tell
    }
}

impl Actor for Notifier {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let pusher = self.core.pusher();
        let devices = pusher.map(|pusher| self.push(pusher, ctx));
        let following = follow::follow(Arc::clone(&self.core), devices).into_actor(self);
        // The store is closed, or failed and says so itself.
        ctx.spawn(following.map(|(), _, ctx| ctx.stop()));
    }
}
