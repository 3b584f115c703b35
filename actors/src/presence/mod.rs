//! Presence: who is there, told to those who share a conversation with them and to nobody across a block.
//!
//! One actor for the node. Changes are collected for a moment, the latest counts, and someone who is back within the
//! grace never was away: a reconnect storm tells nobody anything. Not stored, but for `last_seen`.

mod circle;

use std::{collections::HashMap, sync::Arc, time::Duration};

use actix::{Actor, AsyncContext, Context, Handler, MessageResult};
use parlour_storage::{
    error::{StoreError, StoreErrorKind},
    ids::UserId,
    store::{EventDraft, Store, Transaction, Write},
};

use self::circle::{Circle, Greeting, Loaded, Told};
use crate::{
    archive::Submit,
    command::Card,
    connection::Connection,
    outbox::{ConnectionId, clock_ms},
    push::Push,
    reply::ReplyTo,
    system::Core,
    visibility::Audience,
};

/// How long it waits before it asks a store that is busy again.
const LOAD_AGAIN: Duration = Duration::from_millis(20);

/// The actor.
#[derive(Debug)]
pub struct Presence {
    core: Arc<Core>,
    circle: Circle,
    /// Everyone in the circle, as others see them.
    cards: HashMap<UserId, Arc<Card>>,
}

impl Presence {
    /// A node where nobody is.
    pub fn new(core: Arc<Core>) -> Self {
        Self {
            core,
            circle: Circle::default(),
            cards: HashMap::new(),
        }
    }
}

impl Actor for Presence {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(self.core.settings.presence_delay, |this, _ctx| {
            let told = this
                .circle
                .tick(clock_ms(), this.core.settings.offline_grace);
            this.tell(told);
            // Looked through only when somebody went.
            if this.cards.len() > this.circle.n_people() {
                this.cards.retain(|user, _| this.circle.knows(user));
            }
        });
    }
}

/// A connection was signed in.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub struct Online(pub Arc<Connection>);

/// What the store says of somebody who is there.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
struct Read {
    user: UserId,
    number: u64,
    /// With whom they share conversations.
    contacts: Vec<UserId>,
    /// Between whom and them there is a block.
    audience: Audience,
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

/// Somebody was removed from a conversation, or left it.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub struct Part {
    /// Who.
    pub user: UserId,
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

/// Asks who is there, of all. Replies with a page in the order of ids.
#[derive(Debug, actix::Message)]
#[rtype(result = "Vec<Arc<Card>>")]
pub struct Everyone {
    /// From whom on; they themselves aren't in it.
    pub after: Option<UserId>,
    /// At most so many.
    pub limit: usize,
}

/// The node stops: everyone who is there was last seen now.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub struct Farewell;

impl Handler<Online> for Presence {
    type Result = ();

    fn handle(&mut self, Online(connection): Online, ctx: &mut Self::Context) {
        let card = Arc::clone(&connection.card);
        self.cards.insert(connection.user.clone(), card);
        match self.circle.online(&connection.user, connection.outbox.id()) {
            Greeting::Online(there) => self.greet(&connection, there),
            Greeting::Load(number) => self.load(connection.user.clone(), number, ctx),
            Greeting::Wait => {}
        }
    }
}

impl Handler<Read> for Presence {
    type Result = ();

    fn handle(
        &mut self,
        Read {
            user,
            number,
            contacts,
            audience,
        }: Read,
        _ctx: &mut Self::Context,
    ) {
        match self.circle.loaded(&user, number, contacts, audience) {
            Some(Loaded::Online(there)) => {
                for connection in self.core.registry.connections_of(&user) {
                    // Others are still being brought up to date, and will come.
                    if self.circle.has(&user, connection.outbox.id()) {
                        self.greet(&connection, there.clone());
                    }
                }
            }
            Some(Loaded::Told(told)) => self.tell(told),
            None => {}
        }
    }
}

impl Handler<Part> for Presence {
    type Result = ();

    fn handle(&mut self, Part { user }: Part, ctx: &mut Self::Context) {
        if let Some(number) = self.circle.part(&user) {
            self.load(user, number, ctx);
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

impl Handler<Everyone> for Presence {
    type Result = MessageResult<Everyone>;

    fn handle(
        &mut self,
        Everyone { after, limit }: Everyone,
        _ctx: &mut Self::Context,
    ) -> Self::Result {
        let there = self.circle.there_after(after.as_ref());
        MessageResult(there.take(limit).map(|user| self.card(user)).collect())
    }
}

impl Handler<Farewell> for Presence {
    type Result = ();

    fn handle(&mut self, _: Farewell, _ctx: &mut Self::Context) {
        for user in self.circle.everyone() {
            self.tell_followers(&user, false);
            self.keep_last_seen(user);
        }
    }
}

impl Presence {
    fn card(&self, user: &UserId) -> Arc<Card> {
        let card = self.cards.get(user).map(Arc::clone);
        card.unwrap_or_else(|| Card::nameless(user.clone()))
    }

    /// Tells a new connection who is there.
    fn greet(&self, connection: &Connection, there: Vec<UserId>) {
        let online = || Push::Online(there.iter().map(|user| self.card(user)).collect());
        if !there.is_empty()
            && let Some(frame) = connection.encode(self.core.epoch(), &online())
        {
            connection.outbox.push(frame);
        }
    }

    /// Reads what the store knows of somebody. Only once they are known here: what changes from then on is told to
    /// this actor, and nothing falls between.
    fn load(&self, user: UserId, number: u64, ctx: &Context<Self>) {
        let store = self.core.store();
        let members_max = self.core.settings.presence_group_members_max;
        let address = ctx.address();
        actix_rt::spawn(async move {
            let read = loop {
                match read(&*store, &user, members_max).await {
                    Err(error) if error.kind == StoreErrorKind::Busy => {
                        tokio::time::sleep(LOAD_AGAIN).await
                    }
                    read => break read,
                }
            };
            let (contacts, audience) = read.unwrap_or_else(|error| {
                tracing::error!(%error, %user, "contacts could not be read; they are shown nobody");
                Default::default()
            });
            let _stopped_already = address
                .send(Read {
                    user,
                    number,
                    contacts,
                    audience,
                })
                .await;
        });
    }

    fn tell(&self, told: Vec<Told>) {
        for Told {
            about,
            online,
            to,
            came_or_went,
        } in told
        {
            let last_seen = (!online).then(|| self.core.now());
            let push = Push::Presence {
                card: self.card(&about),
                online,
                last_seen,
            };
            for user in &to {
                self.core.tell_connections(user, &push);
            }
            // On coming too: if the node dies, the last time they came is the best that is known.
            if came_or_went {
                self.tell_followers(&about, online);
                self.keep_last_seen(about);
            }
        }
    }

    fn keep_last_seen(&self, user: UserId) {
        self.write(Transaction::new(self.core.now(), user, Write::SeeUser));
    }

    /// Tells those who follow the node, if there are any. Apart from when somebody was seen, which is not written twice
    /// within a moment.
    fn tell_followers(&self, user: &UserId, online: bool) {
        if !self.core.settings.events_presence {
            return;
        }
        let draft = if online {
            EventDraft::UserOnline
        } else {
            EventDraft::UserOffline
        };
        let mut transaction = Transaction::new(self.core.now(), user.clone(), Write::Note);
        transaction.events.push(draft);
        self.write(transaction);
    }

    fn write(&self, transaction: Transaction) {
        self.core.submit(Submit {
            by: Card::nameless(transaction.by.clone()),
            conversation: None,
            transaction,
            audience: Audience::default(),
            reply: ReplyTo::nobody(),
        });
    }
}

async fn read(
    store: &dyn Store,
    user: &UserId,
    members_max: u32,
) -> Result<(Vec<UserId>, Audience), StoreError> {
    let contacts = store.contacts(user, members_max).await?;
    Ok((contacts, store.blocks_of(user).await?.into()))
}
