//! One client: who it is, what it speaks, and its requests in the order they came.
//!
//! Started with its transport, which feeds it frames, and ended with it. An ordinary actor: it has no
//! socket, so it goes on (and can be ended) while the peer doesn't read. What it is told goes past it,
//! from the rooms into its outbox.

use std::{fmt, sync::Arc};

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use bytestring::ByteString;

use crate::{
    codec::{ClientFrame, Codec, RequestId, Resume},
    command::{Action, Caller, Command, Identity, Reply, Request},
    connection::Connection,
    desk::Begun,
    error::{CloseCode, ErrorCode, Failure},
    limits::SESSION_MAILBOX,
    moderation::{Concerns, Deed, Review},
    outbox::Outbox,
    presence::{Offline, Online},
    registry::ConnectError,
    reply::ReplyTo,
    resume::{self, is_known},
    room::Attach,
    system::Core,
};

/// Checks tokens. A lower crate's view of whoever knows the keys.
pub trait Authenticator: Send + Sync + fmt::Debug {
    /// Whose token it is.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Unauthorized`] or [`ErrorCode::TokenExpired`], with what is wrong.
    fn authenticate(&self, token: &str) -> Result<Identity, Failure>;
}

/// The actor.
#[derive(Debug)]
pub struct Session {
    core: Arc<Core>,
    authenticator: Arc<dyn Authenticator>,
    codec: Arc<dyn Codec>,
    outbox: Arc<Outbox>,
    state: State,
    /// Moderation let it in, and others may know that it is there.
    let_in: bool,
}

#[derive(Debug)]
enum State {
    /// Signs in as soon as it starts, with the token of the handshake.
    Given(Box<Identity>, Option<Resume>),
    /// Waits for a token.
    Anonymous,
    /// Known.
    SignedIn {
        connection: Arc<Connection>,
        caller: Arc<Caller>,
    },
    /// Over.
    Ended,
}

impl Session {
    /// A session of a transport that will be handed frames of `codec`. With `given`, the handshake brought a token
    /// already; without, the first frame has to.
    pub fn new(
        core: Arc<Core>,
        authenticator: Arc<dyn Authenticator>,
        codec: Arc<dyn Codec>,
        outbox: Arc<Outbox>,
        given: Option<(Identity, Option<Resume>)>,
    ) -> Self {
        let state = match given {
            Some((identity, resume)) => State::Given(Box::new(identity), resume),
            None => State::Anonymous,
        };
        Self {
            core,
            authenticator,
            codec,
            outbox,
            state,
            let_in: false,
        }
    }
}

impl Actor for Session {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(SESSION_MAILBOX);
        match std::mem::replace(&mut self.state, State::Anonymous) {
            State::Given(identity, resume) => self.sign_in(*identity, resume, None, ctx),
            _ => {
                ctx.run_later(self.core.settings.auth_timeout, |this, _ctx| {
                    if matches!(this.state, State::Anonymous) {
                        this.outbox.close(CloseCode::AuthTimeout);
                    }
                });
            }
        }
    }

    fn stopped(&mut self, _ctx: &mut Self::Context) {
        self.end();
    }
}

impl Drop for Session {
    /// Also after a panic: a connection without session would hang.
    fn drop(&mut self) {
        self.outbox.close(CloseCode::Resync);
        self.end();
    }
}

/// A text frame of the client, counted by [`Outbox::begin_incoming`].
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub struct Incoming(pub ByteString);

/// The transport is gone.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub struct Gone;

impl Handler<Incoming> for Session {
    type Result = ();

    fn handle(&mut self, Incoming(text): Incoming, ctx: &mut Self::Context) {
        self.outbox.end_incoming(text.len());
        match self.codec.decode(&text) {
            Err((id, failure)) => self.answer(&id, Err(&failure)),
            Ok(ClientFrame::Ping(id)) => self.answer(&id, Ok(&Reply::Done)),
            Ok(ClientFrame::Auth { id, token, resume }) => {
                self.authenticate(id, &token, resume, ctx)
            }
            Ok(ClientFrame::Request { id, request }) => self.request(id, *request, ctx),
        }
    }
}

impl Handler<Gone> for Session {
    type Result = ();

    fn handle(&mut self, _: Gone, ctx: &mut Self::Context) {
        self.end();
        ctx.stop();
    }
}

impl Session {
    fn answer(&self, id: &RequestId, result: Result<&Reply, &Failure>) {
        if let Some(frame) = self.codec.reply(self.core.epoch(), id, None, result) {
            self.outbox.push(frame);
        }
    }

    fn request(&mut self, id: RequestId, request: Request, ctx: &mut Context<Self>) {
        let State::SignedIn { caller, .. } = &self.state else {
            let failure = Failure::new(
                ErrorCode::Unauthorized,
                "sign in first: send an auth frame with a token",
            );
            return self.answer(&id, Err(&failure));
        };
        let caller = Arc::clone(caller);
        let max = self.core.settings.in_flight_max;
        if !self.outbox.begin_request(max) {
            if self.codec.paces() {
                let outbox = Arc::clone(&self.outbox);
                let answered = async move { outbox.has_fewer_requests(max).await };
                // What came behind it waits in the mailbox.
                return ctx.wait(answered.into_actor(self).map(move |fewer, this, ctx| {
                    // Of a connection that closes, nothing more is done.
                    if fewer {
                        this.request(id, request, ctx);
                    }
                }));
            }
            let message = format!("more than {max} requests are unanswered; wait for answers");
            return self.answer(&id, Err(&Failure::new(ErrorCode::TooManyInFlight, message)));
        }
        let (outbox, codec) = (Arc::clone(&self.outbox), Arc::clone(&self.codec));
        let reply = ReplyTo::connection(outbox, codec, self.core.epoch(), id);
        match self.core.begin(caller, request, reply) {
            Begun::Gone => {}
            // What comes next must not overtake it.
            Begun::InOrder(rest) => ctx.wait(rest.into_actor(self)),
            Begun::Aside(rest) => _ = actix_rt::spawn(rest),
        }
    }

    fn authenticate(
        &mut self,
        id: RequestId,
        token: &str,
        resume: Option<Resume>,
        ctx: &mut Context<Self>,
    ) {
        let result = self.authenticator.authenticate(token);
        match (result, &self.state) {
            (Ok(identity), State::Anonymous) => self.sign_in(identity, resume, Some(id), ctx),
            (Ok(identity), State::SignedIn { connection, .. })
                if identity.user == connection.user =>
            {
                connection.renew(&identity);
                let connection = Arc::clone(connection);
                self.keep_profile(&identity);
                let caller = Caller::new(&identity, Some(self.outbox.id()));
                self.state = State::SignedIn { connection, caller };
                self.answer(&id, Ok(&Reply::Done));
            }
            (Ok(_), _) => {
                let message = "this connection belongs to another user; open a new one";
                self.answer(&id, Err(&Failure::new(ErrorCode::Unauthorized, message)));
            }
            (Err(failure), state) => {
                self.answer(&id, Err(&failure));
                // A token that can't be renewed leaves the old one in force; a first one is the only one.
                if matches!(state, State::Anonymous) {
                    let expired = failure.code == ErrorCode::TokenExpired;
                    self.outbox.close(if expired {
                        CloseCode::TokenExpired
                    } else {
                        CloseCode::Unauthorized
                    });
                }
            }
        }
    }

    /// Makes the client known everywhere, brings it up to date, then takes its requests.
    fn sign_in(
        &mut self,
        identity: Identity,
        resume: Option<Resume>,
        id: Option<RequestId>,
        ctx: &mut Context<Self>,
    ) {
        let (codec, outbox) = (Arc::clone(&self.codec), Arc::clone(&self.outbox));
        let connection = Connection::new(&identity, codec, outbox);
        match self
            .core
            .registry
            .connect(&connection, self.core.settings.per_user_max)
        {
            Ok(()) => {}
            Err(ConnectError::TooMany) => return self.outbox.close(CloseCode::TooManyConnections),
            Err(ConnectError::Closed) => return self.outbox.close(CloseCode::Restart),
        }
        let caller = Caller::new(&identity, Some(self.outbox.id()));
        self.state = State::SignedIn {
            connection: Arc::clone(&connection),
            caller: Arc::clone(&caller),
        };
        // In the registry first: a suspension that is reviewed before this is met here, and one that is reviewed after
        // finds the connection there. Nothing is told over it until it is up to date.
        let (reply, verdict) = ReplyTo::task();
        self.core.review(Review {
            caller,
            conversation: None,
            action: Action::Connect,
            concerns: Concerns::Nobody,
            deed: Deed::Enter {
                resumes: resume.is_some_and(|resume| is_known(&self.core, resume)),
            },
            reply,
        });
        ctx.wait(verdict.into_actor(self).map(move |verdict, this, ctx| {
            match verdict.unwrap_or_else(|_| Err(Failure::internal())) {
                Ok(_) => this.let_in(&identity, connection, resume, id, ctx),
                Err(failure) => this.turn_away(&failure, id),
            }
        }));
    }

    fn let_in(
        &mut self,
        identity: &Identity,
        connection: Arc<Connection>,
        resume: Option<Resume>,
        id: Option<RequestId>,
        ctx: &mut Context<Self>,
    ) {
        self.let_in = true;
        self.keep_profile(identity);
        if let Some(id) = id {
            self.answer(&id, Ok(&Reply::Done));
        }
        let core = Arc::clone(&self.core);
        ctx.wait(arrive(core, connection, resume).into_actor(self).map(|arrived, this, _ctx| {
            if let Err(failure) = arrived {
                tracing::warn!(connection = this.outbox.id().0, %failure, "a client could not be brought up to date");
                this.outbox.close(CloseCode::Resync);
            }
        }));
    }

    /// Moderation does not let the client in.
    fn turn_away(&mut self, failure: &Failure, id: Option<RequestId>) {
        if let Some(id) = id {
            self.answer(&id, Err(failure));
        }
        self.outbox.close(match failure.code {
            ErrorCode::Suspended => CloseCode::Suspended,
            ErrorCode::RateLimited => CloseCode::TooManyConnections,
            ErrorCode::Unavailable => CloseCode::Restart,
            _ => CloseCode::Resync,
        });
        // What it sends before it sees the close is no request of a user.
        self.sign_out();
    }

    /// Keeps what the token says of the user, if it is new.
    fn keep_profile(&self, identity: &Identity) {
        self.core.keep_profile(identity);
    }

    fn end(&mut self) {
        self.sign_out();
        self.core.registry.close_outbox(self.outbox.id());
    }

    fn sign_out(&mut self) {
        let state = std::mem::replace(&mut self.state, State::Ended);
        let State::SignedIn { connection, caller } = state else {
            return;
        };
        self.core.registry.disconnect(&connection);
        if !std::mem::take(&mut self.let_in) {
            return;
        }
        for conversation in connection.end_looking() {
            let leave = Command::Join {
                conversation,
                on: false,
            };
            let _is_gone =
                self.core
                    .begin(Arc::clone(&caller), Request::Do(leave), ReplyTo::nobody());
        }
        let user = connection.user.clone();
        self.core.tell_presence(Offline {
            user,
            connection: self.outbox.id(),
        });
        self.core.note_leaving(&caller);
        match self.outbox.closing_for() {
            Some((CloseCode::Slow, _)) => self.core.counters.slow_clients.add_one(),
            Some((CloseCode::Silent, _)) => self.core.counters.silent_clients.add_one(),
            _ => {}
        }
    }
}

/// Lets a connection, which the registry knows by now, into the rooms of its user, and brings it up to date.
async fn arrive(
    core: Arc<Core>,
    connection: Arc<Connection>,
    resume: Option<Resume>,
) -> Result<(), Failure> {
    let user = &connection.user;
    let store = core.store();
    for id in store.conversation_ids_of(user).await? {
        // Rooms that start from here on find the connection in the registry.
        if let Some(room) = core.registry.active_room(id) {
            core.tell(&room, Attach(Arc::clone(&connection)));
        }
    }
    resume::catch_up(&core, &connection, resume).await?;
    core.tell_presence(Online(connection));
    Ok(())
}
