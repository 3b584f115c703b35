//! Whatever is done in whatever order: who blocks somebody is shown nothing that they write later.

mod looks;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use parlour_storage::{
    domain::change::ChangeBody,
    ids::{ConversationId, Epoch, MessageId, MessageRequestId, Position, Seq, UserId},
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use crate::{
    codec::{ClientFrame, Codec, RequestId, Resume, View},
    command::{Command, ContactCommand, ContactReply, Mark, Question, Reply, Request, Target},
    error::Failure,
    limits::Settings,
    outbox::Frame,
    push::{ContactNews, Hello, Push},
    scenarios::telling::opened,
    testkit::{Client, Plain, TestNode, message, user},
};

const NAMES: [&str; 3] = ["a", "b", "c"];

/// One thing that somebody does. Numbers choose among what there is.
#[derive(Clone, Debug)]
enum Do {
    Block(usize),
    Unblock(usize),
    Send {
        to: usize,
    },
    Edit(usize),
    React(usize),
    Read {
        to: usize,
    },
    Type {
        to: usize,
    },
    Ask(usize),
    Answer {
        request: usize,
        accept: bool,
    },
    Connect,
    Resume,
    /// In which way, and at what.
    Look(usize, usize),
}

fn deeds() -> impl Strategy<Value = Vec<Vec<(usize, Do)>>> {
    let deed = prop_oneof![
        3 => (0_usize..2).prop_map(Do::Block),
        1 => (0_usize..2).prop_map(Do::Unblock),
        8 => (0_usize..3).prop_map(|to| Do::Send { to }),
        4 => (0_usize..64).prop_map(Do::Edit),
        3 => (0_usize..64).prop_map(Do::React),
        2 => (0_usize..3).prop_map(|to| Do::Read { to }),
        2 => (0_usize..3).prop_map(|to| Do::Type { to }),
        1 => Just(Do::Connect),
        2 => Just(Do::Resume),
        2 => (0_usize..2).prop_map(Do::Ask),
        2 => (0_usize..8, any::<bool>()).prop_map(|(request, accept)| Do::Answer { request, accept }),
        8 => (0..looks::N_LOOKS, 0_usize..64).prop_map(|(way, at)| Do::Look(way, at)),
    ];
    // Those of one step are done at once, and a step begins when the one before has ended.
    let step = prop::collection::vec((0_usize..NAMES.len(), deed), 1..4);
    prop::collection::vec(step, 1..40)
}

/// Tells all that a client could see, and of what is veiled where it stands.
#[derive(Debug)]
struct Telltale;

impl Codec for Telltale {
    fn key(&self) -> u16 {
        11
    }

    fn decode(&self, text: &str) -> Result<ClientFrame, (RequestId, Failure)> {
        Plain.decode(text)
    }

    fn hello(&self, hello: &Hello<'_>) -> Option<Frame> {
        Some(Frame::Text(format!("at {}", hello.position).into()))
    }

    fn push(&self, _: Epoch, push: &Push, _: View) -> Option<Frame> {
        Some(Frame::Text(seen(push)?.into()))
    }

    fn reply(
        &self,
        _: Epoch,
        _: &RequestId,
        _: Option<Position>,
        _: Result<&Reply, &Failure>,
    ) -> Option<Frame> {
        None
    }
}

/// What there is to see in a push, after where it stands. What somebody writes has their name and the step in it.
fn seen(push: &Push) -> Option<String> {
    Some(match push {
        Push::Change(change, _) => {
            let what = match &change.body {
                ChangeBody::Sent(message) | ChangeBody::Edited(message) => format!("{message:?}"),
                ChangeBody::Reacted {
                    emoji, on: true, ..
                } => emoji.clone(),
                ChangeBody::Read { .. } | ChangeBody::Delivered { .. } => reads(&change.by),
                _ => String::new(),
            };
            format!("at {} {what}", change.position)
        }
        Push::Veiled(change, _) => format!("at {}", change.position),
        Push::Contact(ContactNews::Requested(shown) | ContactNews::Answered(shown))
            if !shown.sent =>
        {
            shown.request.text.clone()
        }
        Push::Typing { about, on: true } => format!("<{} types>", about.by.user),
        _ => return None,
    })
}

/// That somebody has read something.
fn reads(user: &UserId) -> String {
    format!("<{user} reads>")
}

/// Where it stands.
fn place(shown: &str) -> Option<Position> {
    let place = shown.strip_prefix("at ")?.split(' ').next()?;
    Position::new(place.parse().ok()?)
}

/// What somebody writes in a step.
fn mark(who: usize, step: usize) -> String {
    format!("<{} {step}>", NAMES[who])
}

/// The state of one run.
struct Run {
    node: Arc<TestNode>,
    /// The direct ones, and the group of all.
    conversations: Vec<ConversationId>,
    /// Messages with their authors.
    messages: Vec<(usize, MessageId, ConversationId)>,
    /// Requests with who made them.
    requests: Vec<(usize, MessageRequestId)>,
    clients: Vec<Client>,
    /// Where each client is.
    at: Vec<Position>,
    /// Since the end of which step, and up to where in the order, one blocks another for sure.
    blocks: BTreeMap<(usize, usize), (usize, Position)>,
    /// What each was shown in this step.
    shown: Vec<Vec<String>>,
    /// What each was told of unread messages in this step.
    counted: Vec<Vec<(ConversationId, u64)>>,
}

impl Run {
    async fn new() -> Self {
        let node = Arc::new(TestNode::start(Settings::default()));
        let conversations = vec![
            node.direct("a", "b").await,
            node.direct("b", "c").await,
            opened(&node, "a", None, &NAMES[1..]).await,
        ];
        let clients = NAMES.map(|name| node.connect_as(name, None, Arc::new(Telltale)));
        Self {
            node,
            conversations,
            messages: Vec::new(),
            requests: Vec::new(),
            clients: clients.into(),
            at: vec![Position::ZERO; NAMES.len()],
            blocks: BTreeMap::new(),
            shown: vec![Vec::new(); NAMES.len()],
            counted: vec![Vec::new(); NAMES.len()],
        }
    }

    /// Does all deeds of a step at once, and waits until everyone was told.
    async fn step(&mut self, n: usize, deeds: &[(usize, Do)]) -> Result<(), TestCaseError> {
        // Of one millisecond it isn't known what came first.
        let began = parlour_storage::ids::Timestamp::now();
        while parlour_storage::ids::Timestamp::now() <= began {
            tokio::task::yield_now().await;
        }
        let mut asked = Vec::new();
        for (who, deed) in deeds {
            match deed {
                Do::Connect | Do::Resume => self.connect(*who, matches!(deed, Do::Resume)),
                _ => {
                    let Some(request) = self.request(*who, deed, n) else {
                        continue;
                    };
                    let node = Arc::clone(&self.node);
                    let who = *who;
                    asked.push((
                        who,
                        actix::spawn(async move { node.ask(NAMES[who], request).await }),
                    ));
                }
            }
        }
        // Whatever is racing is not asked about; what was so before, and still is, is.
        for (who, deed) in deeds {
            if let Do::Unblock(other) = deed {
                self.blocks.remove(&(*who, other_of(*who, *other)));
            }
        }
        for (who, asked) in asked {
            if let Ok(reply) = asked.await.unwrap() {
                self.see(who, reply);
            }
        }
        self.node.core().flush().await;
        for who in 0..NAMES.len() {
            self.drain(who);
        }
        self.check(n)?;
        for (who, deed) in deeds {
            let other = |other: &usize| other_of(*who, *other);
            if let Do::Block(o) = deed
                && !deeds
                    .iter()
                    .any(|(w, d)| w == who && matches!(d, Do::Unblock(u) if other(u) == other(o)))
            {
                let head = self.node.core().store_ref().head();
                self.blocks.entry((*who, other(o))).or_insert((n, head));
            }
        }
        Ok(())
    }

    /// Nobody was shown what somebody wrote whom they had blocked by then.
    fn check(&mut self, n: usize) -> Result<(), TestCaseError> {
        for (&(who, other), &(since, head)) in &self.blocks {
            let reads = reads(&user(NAMES[other]));
            let types = format!("<{} types>", NAMES[other]);
            for shown in &self.shown[who] {
                let of_it = || format!("{} since {since}: {shown}", NAMES[who]);
                for step in since + 1..=n {
                    prop_assert!(!shown.contains(&mark(other, step)), "{}", of_it());
                }
                let later = place(shown).is_none_or(|place| place > head);
                prop_assert!(!(later && shown.contains(&reads)), "{}", of_it());
                prop_assert!(!shown.contains(&types), "{}", of_it());
            }
        }
        for (who, counted) in self.counted.iter().enumerate() {
            for &(conversation, unread) in counted {
                let hears = |by: usize| by != who && !self.blocks.contains_key(&(who, by));
                let messages = self.messages.iter();
                let n_messages = messages.filter(|&&(by, _, at)| at == conversation && hears(by));
                // Each may have been accepted, and so be a message.
                let n_requests = self.requests.iter().filter(|&&(by, _)| hears(by));
                let most = n_messages.count() + n_requests.count();
                prop_assert!(unread <= most as u64, "{} in {n}: {unread}", NAMES[who]);
            }
        }
        self.shown.iter_mut().for_each(Vec::clear);
        self.counted.iter_mut().for_each(Vec::clear);
        Ok(())
    }

    fn request(&self, who: usize, deed: &Do, n: usize) -> Option<Request> {
        let words = mark(who, n);
        let newest = |k: usize| {
            let back = k % self.messages.len().max(1);
            self.messages.iter().rev().nth(back)
        };
        let command = match deed {
            Do::Block(other) => Command::Block {
                user: user(NAMES[other_of(who, *other)]),
                reason: None,
            },
            Do::Unblock(other) => Command::Unblock {
                user: user(NAMES[other_of(who, *other)]),
            },
            Do::Send { to } => message(self.conversations[*to], &words),
            Do::Edit(k) => {
                let own: Vec<_> = self
                    .messages
                    .iter()
                    .filter(|(author, ..)| *author == who)
                    .collect();
                let message = own.get(own.len().checked_sub(1 + k % own.len().max(1))?)?.1;
                Command::Edit {
                    message,
                    text: words,
                }
            }
            Do::React(k) => Command::React {
                message: newest(*k)?.1,
                emoji: words,
                on: true,
            },
            Do::Read { to } => Command::Read {
                up_to: Mark::Seq(self.conversations[*to], Seq(u64::MAX >> 11)),
            },
            Do::Type { to } => Command::Type {
                to: Target::Conversation(self.conversations[*to]),
                on: true,
            },
            Do::Ask(other) => Command::Contact(ContactCommand::Ask {
                user: user(NAMES[other_of(who, *other)]),
                text: words,
                key: None,
            }),
            Do::Answer { request, accept } => Command::Contact(ContactCommand::Answer {
                request: self.requests.iter().rev().nth(*request)?.1,
                accept: *accept,
            }),
            Do::Look(way, at) => return Some(Request::Ask(self.question(*way, *at)?)),
            Do::Connect | Do::Resume => return None,
        };
        Some(Request::Do(command))
    }

    fn question(&self, way: usize, at: usize) -> Option<Question> {
        let conversation = self.conversations[at % self.conversations.len()];
        let message = self.messages.iter().rev().nth(at).map(|message| message.1);
        looks::question(way, self.node.core().epoch(), conversation, message)
    }

    fn connect(&mut self, who: usize, resume: bool) {
        self.drain(who);
        let from = Resume {
            epoch: self.node.core().epoch(),
            position: self.at[who],
        };
        self.clients[who] =
            self.node
                .connect_as(NAMES[who], resume.then_some(from), Arc::new(Telltale));
    }

    /// Notes what an answer shows, and which message it made.
    fn see(&mut self, who: usize, reply: Reply) {
        self.shown[who].extend(looks::shown(&reply));
        self.counted[who].extend(looks::counted(&reply));
        match reply {
            Reply::Sent { change, .. } => {
                let message = MessageId::created_at(change.position);
                self.messages.push((who, message, change.conversation));
            }
            Reply::Contact(ContactReply::Request(shown)) => {
                self.requests.push((who, shown.request.id))
            }
            _ => {}
        }
    }

    fn drain(&mut self, who: usize) {
        for frame in self.clients[who].frames() {
            if let Some(place) = place(&frame) {
                self.at[who] = self.at[who].max(place);
            }
            self.shown[who].push(frame);
        }
    }
}

/// One of the two others.
fn other_of(who: usize, n: usize) -> usize {
    (who + 1 + n) % NAMES.len()
}

/// Over the real actors and the real store, on real threads: what races here races there.
#[test]
fn nobody_is_shown_what_somebody_they_block_writes_later() {
    let n_shown = AtomicUsize::new(0);
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        cases: 48,
        ..Config::default()
    });
    let run = |steps: Vec<Vec<(usize, Do)>>| {
        actix::System::new().block_on(async {
            let mut run = Run::new().await;
            let mut outcome = Ok(());
            for (n, deeds) in steps.iter().enumerate() {
                outcome = run.step(n, deeds).await;
                if outcome.is_err() {
                    break;
                }
                n_shown.fetch_add(1, Ordering::Relaxed);
            }
            run.clients.clear();
            let Ok(node) = Arc::try_unwrap(run.node) else {
                panic!("still in use")
            };
            node.stop().await;
            outcome
        })
    };
    runner.run(&deeds(), run).unwrap();
    assert!(n_shown.into_inner() > 48);
}
