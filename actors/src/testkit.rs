//! For tests: a node in memory, clients without sockets, and a dialect that is plain to read.

mod folder;
mod scan;

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use actix::{Actor, Addr};
use bytestring::ByteString;
use parlour_storage::{
    domain::{
        change::ChangeBody,
        message::Content,
        user::{NodeRole, Plan},
    },
    ids::{ConversationId, Epoch, Position, Timestamp, UserId},
    local::{LocalStore, Options},
    memory_store::MemoryStore,
    store::Profile,
};
use tokio::sync::Notify;

pub(crate) use self::folder::Folder;
use self::scan::Scan;
use crate::{
    codec::{ClientFrame, Codec, Minds, RequestId, Resume, View},
    command::{Caller, Command, Identity, Reply, Request, Target},
    connection::Connection,
    desk::Begun,
    error::{CloseCode, Failure},
    limits::Settings,
    outbox::{ConnectionId, Drained, Frame, Outbox, Wake},
    push::{Hello, Push},
    reply::ReplyTo,
    session::{Authenticator, Gone, Session},
    system::{Core, Services, System},
};

/// How long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

pub(crate) fn identity(name: &str) -> Identity {
    let profile = Profile {
        name: None,
        picture: None,
        role: NodeRole::User,
        plan: Plan::Free,
    };
    Identity {
        user: user(name),
        profile,
        expires_at: Timestamp(i64::MAX),
    }
}

/// Somebody with a role on the node.
pub(crate) fn staff(name: &str, role: NodeRole) -> Identity {
    let mut identity = identity(name);
    identity.profile.role = role;
    identity
}

/// Somebody of the premium plan.
pub(crate) fn premium(name: &str) -> Identity {
    let mut identity = identity(name);
    identity.profile.plan = Plan::Premium;
    identity
}

/// A node in memory.
pub(crate) struct TestNode {
    pub(crate) system: System,
}

impl TestNode {
    pub(crate) fn start(settings: Settings) -> Self {
        Self::start_on(
            Arc::new(MemoryStore::new(Options::default()).unwrap()),
            settings,
        )
    }

    pub(crate) fn start_on(
        store: Arc<dyn parlour_storage::store::Store>,
        settings: Settings,
    ) -> Self {
        Self {
            system: System::start_with(
                Arc::clone(&store),
                settings,
                Services {
                    searcher: Some(Arc::new(Scan(store))),
                    ..Services::default()
                },
            ),
        }
    }

    /// One that files can be sent on.
    pub(crate) fn start_with_files(settings: Settings) -> Self {
        let store = Arc::new(MemoryStore::new(Options::default()).unwrap());
        let services = Services {
            searcher: Some(Arc::new(Scan(Arc::<LocalStore>::clone(&store)))),
            files: Some(Arc::<Folder>::default()),
            ..Services::default()
        };
        Self {
            system: System::start_with(store, settings, services),
        }
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        self.system.core()
    }

    pub(crate) async fn ask(&self, name: &str, request: Request) -> Result<Reply, Failure> {
        self.ask_as(&identity(name), request).await
    }

    pub(crate) async fn ask_as(
        &self,
        identity: &Identity,
        request: Request,
    ) -> Result<Reply, Failure> {
        let asked = self.core().ask(Caller::new(identity, None), request);
        tokio::time::timeout(PATIENCE, asked)
            .await
            .expect("an answer")
    }

    pub(crate) async fn direct(&self, a: &str, b: &str) -> ConversationId {
        let open = Request::Do(Command::OpenDirect { with: user(b) });
        match self.ask(a, open).await.unwrap() {
            Reply::Opened { conversation, .. } => conversation,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn send(
        &self,
        name: &str,
        to: ConversationId,
        text: &str,
    ) -> Result<Reply, Failure> {
        self.ask(name, Request::Do(message(to, text))).await
    }

    pub(crate) fn connect(&self, name: &str, resume: Option<Resume>) -> Client {
        self.connect_as(name, resume, Arc::new(Plain))
    }

    pub(crate) fn connect_as(
        &self,
        name: &str,
        resume: Option<Resume>,
        codec: Arc<dyn Codec>,
    ) -> Client {
        self.connect_with(identity(name), resume, codec)
    }

    pub(crate) fn connect_with(
        &self,
        identity: Identity,
        resume: Option<Resume>,
        codec: Arc<dyn Codec>,
    ) -> Client {
        let settings = &self.core().settings;
        let outbox = self
            .core()
            .registry
            .open_outbox(settings.outbox_frames_max, settings.outbox_bytes_max)
            .unwrap();
        let wake = Arc::new(Bell::default());
        outbox.attach(Arc::<Bell>::clone(&wake));
        let session = Session::new(
            Arc::clone(self.core()),
            Arc::new(NoTokens),
            Arc::clone(&codec),
            Arc::clone(&outbox),
            Some((identity.clone(), resume)),
        );
        Client {
            wake,
            caller: Caller::new(&identity, Some(outbox.id())),
            outbox,
            core: Arc::clone(self.core()),
            codec,
            session: session.start(),
            frames: VecDeque::new(),
            closed: None,
        }
    }

    pub(crate) async fn stop(self) {
        self.system.drain(Duration::ZERO).await;
        self.system.stop().await.unwrap();
    }
}

pub(crate) fn message(to: ConversationId, text: &str) -> Command {
    let content = Content {
        text: text.to_owned(),
        ..Content::default()
    };
    Command::Send {
        to: Target::Conversation(to),
        content,
        attachments: Vec::new(),
        key: None,
    }
}

/// A connection that no transport and no session is behind.
pub(crate) fn connection(name: &str) -> Arc<Connection> {
    static LAST: AtomicU64 = AtomicU64::new(1 << 32);
    let id = ConnectionId(LAST.fetch_add(1, Ordering::Relaxed));
    connection_of(name, Arc::new(Plain), Outbox::new(id, 100, 1 << 16))
}

pub(crate) fn connection_of(
    name: &str,
    codec: Arc<dyn Codec>,
    outbox: Arc<Outbox>,
) -> Arc<Connection> {
    Connection::new(&identity(name), codec, outbox)
}

#[derive(Default)]
struct Bell(Notify);

impl Wake for Bell {
    fn wake(&self) {
        self.0.notify_one();
    }
}

/// A client without socket. Gone when dropped.
pub(crate) struct Client {
    pub(crate) outbox: Arc<Outbox>,
    wake: Arc<Bell>,
    caller: Arc<Caller>,
    core: Arc<Core>,
    codec: Arc<dyn Codec>,
    session: Addr<Session>,
    frames: VecDeque<String>,
    closed: Option<CloseCode>,
}

impl Client {
    /// Asks over this connection, and waits for the answer.
    pub(crate) async fn ask(&self, request: Request) -> Result<Reply, Failure> {
        let asked = self.core.ask(Arc::clone(&self.caller), request);
        tokio::time::timeout(PATIENCE, asked)
            .await
            .expect("an answer")
    }

    /// Asks over this connection, to be answered there, as a session does.
    pub(crate) fn begin(&self, request: Request) {
        let outbox = Arc::clone(&self.outbox);
        assert!(outbox.begin_request(1), "one at a time");
        let codec = Arc::clone(&self.codec);
        let epoch = self.core.epoch();
        let reply = ReplyTo::connection(outbox, codec, epoch, RequestId::None);
        match self.core.begin(Arc::clone(&self.caller), request, reply) {
            Begun::Gone => {}
            Begun::InOrder(rest) | Begun::Aside(rest) => drop(actix::spawn(rest)),
        }
    }

    /// The next frame, or what it was closed with.
    pub(crate) async fn next(&mut self) -> Result<String, CloseCode> {
        let next = async {
            loop {
                if let Some(frame) = self.frames.pop_front() {
                    return Ok(frame);
                }
                if let Some(code) = self.closed {
                    return Err(code);
                }
                let mut frames = Vec::new();
                if let Drained::Close(code) = self.outbox.drain(&mut frames) {
                    self.closed = Some(code);
                }
                for frame in &frames {
                    if let Frame::Text(text) = frame {
                        self.frames.push_back(text.to_string());
                    }
                }
                if frames.is_empty() && self.closed.is_none() {
                    self.wake.0.notified().await;
                }
            }
        };
        tokio::time::timeout(PATIENCE, next)
            .await
            .expect("a frame or a close")
    }

    /// The next frame that begins so; others are skipped.
    pub(crate) async fn expect(&mut self, beginning: &str) -> String {
        loop {
            let frame = self.next().await.expect("still open");
            if frame.starts_with(beginning) {
                return frame;
            }
        }
    }

    /// Every frame that is there by now.
    pub(crate) fn frames(&mut self) -> Vec<String> {
        let mut frames = Vec::new();
        if let Drained::Close(code) = self.outbox.drain(&mut frames) {
            self.closed = Some(code);
        }
        let texts = frames.iter().filter_map(|frame| match frame {
            Frame::Text(text) => Some(text.to_string()),
            _ => None,
        });
        self.frames.drain(..).chain(texts).collect()
    }

    /// What it is closed with; frames are skipped.
    pub(crate) async fn expect_close(&mut self) -> CloseCode {
        loop {
            if let Err(code) = self.next().await {
                return code;
            }
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _stopped_already = self.session.try_send(Gone);
    }
}

/// `hello POSITION RECOVERED`, `message POSITION TEXT`, `change POSITION`, `veiled POSITION`, `online ...`.
#[derive(Debug)]
pub(crate) struct Plain;

impl Codec for Plain {
    fn key(&self) -> u16 {
        9
    }

    fn decode(&self, _: &str) -> Result<ClientFrame, (RequestId, Failure)> {
        Err((RequestId::None, Failure::internal()))
    }

    fn hello(&self, hello: &Hello<'_>) -> Option<Frame> {
        text(format!("hello {} {:?}", hello.position, hello.recovered))
    }

    fn push(&self, _: Epoch, push: &Push, _: View) -> Option<Frame> {
        text(match push {
            Push::Change(change, _) => match &change.body {
                ChangeBody::Sent(message) => {
                    format!("message {} {}", change.position, message.content.text)
                }
                _ => format!("change {}", change.position),
            },
            Push::Veiled(change, _) => format!("veiled {}", change.position),
            Push::Typing { about, on } => format!("typing {} {on}", about.by.user),
            Push::Joined { about, on } => format!("joined {} {on}", about.by.user),
            Push::Presence { card, online, .. } => format!("presence {} {online}", card.user),
            Push::Online(cards) => {
                let users: Vec<_> = cards.iter().map(|card| &card.user).collect();
                format!("online {users:?}")
            }
            Push::Contact(news) => format!("contact {news:?}"),
            Push::SendFailed(of) => format!("send_failed {}", of.id),
            Push::Notified {
                notification,
                unread,
            } => {
                let topic = notification.notification.body.topic();
                format!("notified {topic} {unread}")
            }
            Push::Warned { reason, .. } => format!("warned {reason:?}"),
        })
    }

    fn reply(
        &self,
        _: Epoch,
        _: &RequestId,
        position: Option<Position>,
        result: Result<&Reply, &Failure>,
    ) -> Option<Frame> {
        text(format!("reply {position:?} {result:?}"))
    }
}

/// [`Plain`] for rooms that are looked at: what happens in a conversation has in front whether the connection does,
/// as in `Yes message 7 hi`, and `own` if its user did it.
#[derive(Debug)]
pub(crate) struct Looking;

impl Codec for Looking {
    fn key(&self) -> u16 {
        10
    }

    fn minds(&self) -> Minds {
        Minds {
            own: true,
            joined: true,
        }
    }

    fn decode(&self, text: &str) -> Result<ClientFrame, (RequestId, Failure)> {
        Plain.decode(text)
    }

    fn hello(&self, hello: &Hello<'_>) -> Option<Frame> {
        Plain.hello(hello)
    }

    fn push(&self, epoch: Epoch, push: &Push, view: View) -> Option<Frame> {
        let frame = Plain.push(epoch, push, view);
        let (Some(Frame::Text(plain)), Some(_)) = (&frame, push.conversation()) else {
            return frame;
        };
        let own = if view.own { " own" } else { "" };
        text(format!("{:?}{own} {plain}", view.joined))
    }

    fn reply(
        &self,
        epoch: Epoch,
        id: &RequestId,
        position: Option<Position>,
        result: Result<&Reply, &Failure>,
    ) -> Option<Frame> {
        Plain.reply(epoch, id, position, result)
    }
}

fn text(text: String) -> Option<Frame> {
    Some(Frame::Text(ByteString::from(text)))
}

#[derive(Debug)]
struct NoTokens;

impl Authenticator for NoTokens {
    fn authenticate(&self, _: &str) -> Result<Identity, Failure> {
        Err(Failure::internal())
    }
}
