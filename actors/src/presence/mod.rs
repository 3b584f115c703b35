//! Presence: who is there, told to those who share a conversation with them and to nobody across a block.
//!
//! One actor for the node. Changes are collected for a moment, the latest counts, and someone who is back within the
//! grace never was away: a reconnect storm tells nobody anything. Not stored, but for `last_seen`.

mod circle;

use std::sync::Arc;

use actix::{Actor, AsyncContext, Context, Handler, MessageResult};
use parlour_storage::{
    ids::{Timestamp, UserId},
    store::{Transaction, Write},
};

use self::circle::{Circle, Told};
use crate::{
    archive::Submit,
    command,
    connection::Connection,
    limits::PRESENCE_MAILBOX,
    outbox::{ConnectionId, clock_ms},
    push::Push,
    reply::ReplyTo,
    system::Core,
    visibility::Audience,
};

/// The actor.
#[derive(Debug)]
pub struct Presence {
    core: Arc<Core>,
    circle: Circle,
}

impl Presence {
    /// A node where nobody is.
    pub fn new(core: Arc<Core>) -> Self {
        Self {
            core,
            circle: Circle::default(),
        }
    }
}

impl Actor for Presence {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(PRESENCE_MAILBOX);
        ctx.run_interval(self.core.settings.presence_delay, |this, _ctx| {
            let told = this
                .circle
                .tick(clock_ms(), this.core.settings.offline_grace);
            this.tell(told);
        });
    }
}

/// A connection was signed in.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub struct Online {
    /// Which.
    pub connection: Arc<Connection>,
    /// With whom its user shares conversations.
    pub contacts: Vec<UserId>,
    /// Between whom and its user there is a block.
    pub audience: Audience,
}

/// A connection is gone.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub struct Offline {
    /// Whose.
    pub user: UserId,
    /// Which.
    pub connection: ConnectionId,
}

/// These people share a conversation now.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub struct Acquaint {
    /// All its members.
    pub members: Vec<UserId>,
}

/// Somebody blocks somebody, or no longer does.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub struct SetBlock {
    /// Who.
    pub by: UserId,
    /// Whom.
    pub other: UserId,
    /// Blocks, or no longer.
    pub on: bool,
}

/// Asks which of some people are there. Replies in the same order.
#[derive(Debug, actix::Message)]
#[rtype(result = "Vec<bool>")]
pub struct ListOnline {
    /// Whom.
    pub users: Vec<UserId>,
}

/// The node stops: everyone who is there was last seen now.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub struct Farewell;

impl Handler<Online> for Presence {
    type Result = ();

    fn handle(
        &mut self,
        Online {
            connection,
            contacts,
            audience,
        }: Online,
        _ctx: &mut Self::Context,
    ) {
        let id = connection.outbox.id();
        let there = self.circle.online(&connection.user, id, contacts, audience);
        if !there.is_empty()
            && let Some(frame) = connection
                .codec
                .push(self.core.epoch(), &Push::Online(there))
        {
            connection.outbox.push(frame);
        }
    }
}

impl Handler<Offline> for Presence {
    type Result = ();

    fn handle(&mut self, Offline { user, connection }: Offline, _ctx: &mut Self::Context) {
        self.circle.offline(&user, connection, clock_ms());
    }
}

impl Handler<Acquaint> for Presence {
    type Result = ();

    fn handle(&mut self, Acquaint { members }: Acquaint, _ctx: &mut Self::Context) {
        let told = self.circle.acquaint(&members);
        self.tell(told);
    }
}

impl Handler<SetBlock> for Presence {
    type Result = ();

    fn handle(&mut self, SetBlock { by, other, on }: SetBlock, _ctx: &mut Self::Context) {
        let told = self.circle.set_block(&by, &other, on);
        self.tell(told);
    }
}

impl Handler<ListOnline> for Presence {
    type Result = MessageResult<ListOnline>;

    fn handle(
        &mut self,
        ListOnline { users }: ListOnline,
        _ctx: &mut Self::Context,
    ) -> Self::Result {
        MessageResult(
            users
                .iter()
                .map(|user| self.circle.is_there(user))
                .collect(),
        )
    }
}

impl Handler<Farewell> for Presence {
    type Result = ();

    fn handle(&mut self, _: Farewell, _ctx: &mut Self::Context) {
        for user in self.circle.everyone() {
            self.keep_last_seen(user);
        }
    }
}

impl Presence {
    fn tell(&self, told: Vec<Told>) {
        for Told {
            about,
            online,
            to,
            came_or_went,
        } in told
        {
            let last_seen = (!online).then(|| self.core.now());
            let push = Push::Presence(command::Presence {
                user: about.clone(),
                online,
                last_seen,
            });
            for connection in to
                .iter()
                .flat_map(|user| self.core.registry.connections_of(user))
            {
                if let Some(frame) = connection.codec.push(self.core.epoch(), &push) {
                    connection.outbox.push(frame);
                }
            }
            // On coming too: if the node dies, the last time they came is the best that is known.
            if came_or_went {
                self.keep_last_seen(about);
            }
        }
    }

    fn keep_last_seen(&self, user: UserId) {
        let transaction = Transaction::new(Timestamp::now(), user, Write::SeeUser);
        self.core.submit(Submit {
            transaction,
            audience: Audience::default(),
            reply: ReplyTo::nobody(),
        });
    }
}
