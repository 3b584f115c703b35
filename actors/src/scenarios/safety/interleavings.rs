//! Whatever is done in whatever order: who blocks somebody is shown nothing that they write later.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use parlour_storage::{
    domain::change::ChangeBody,
    ids::{ConversationId, Epoch, MessageId, Position, Seq},
    store::PageFrom,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use crate::{
    codec::{ClientFrame, Codec, RequestId, Resume, View},
    command::{Command, HistoryFilter, Mark, Question, Reply, Request, Scope, Target},
    error::Failure,
    limits::Settings,
    outbox::Frame,
    push::{Hello, Push},
    scenarios::telling::{opened, within},
    testkit::{Client, Plain, TestNode, message, user},
};

const NAMES: [&str; 3] = ["a", "b", "c"];

/// One thing that somebody does. Numbers choose among what there is.
#[derive(Clone, Debug)]
enum Do {
    Block(usize),
    Unblock(usize),
    Send { to: usize },
    Edit(usize),
    React(usize),
    Read { to: usize },
    Type { to: usize },
    Connect,
    Resume,
    Look(usize),
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
        3 => (0_usize..5).prop_map(Do::Look),
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
                ChangeBody::Read { .. } | ChangeBody::Delivered { .. } => {
                    format!("<{} reads>", change.by)
                }
                _ => String::new(),
            };
            format!("at {} {what}", change.position)
        }
        Push::Veiled(change, _) => format!("at {}", change.position),
        Push::Typing { about, on: true } => format!("<{} types>", about.by.user),
        _ => return None,
    })
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
    messages: Vec<(usize, MessageId)>,
    clients: Vec<Client>,
    /// Where each client is.
    at: Vec<Position>,
    /// Since the end of which step, and up to where in the order, one blocks another for sure.
    blocks: BTreeMap<(usize, usize), (usize, Position)>,
    /// What each was shown in this step.
    shown: Vec<Vec<String>>,
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
            clients: clients.into(),
            at: vec![Position::ZERO; NAMES.len()],
            blocks: BTreeMap::new(),
            shown: vec![Vec::new(); NAMES.len()],
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
            let reads = format!("<{} reads>", NAMES[other]);
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
        self.shown.iter_mut().for_each(Vec::clear);
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
                    .filter(|(author, _)| *author == who)
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
            Do::Look(k) => return Some(Request::Ask(self.question(who, *k)?)),
            Do::Connect | Do::Resume => return None,
        };
        Some(Request::Do(command))
    }

    fn question(&self, who: usize, k: usize) -> Option<Question> {
        let conversation = self.conversations[(who + k) % self.conversations.len()];
        Some(match k {
            0 => Question::Messages {
                conversation,
                from: PageFrom::End,
                limit: 100,
            },
            1 => Question::History {
                of: within(conversation),
                matching: HistoryFilter::default(),
                offset: 0,
                limit: 100,
            },
            2 => Question::History {
                of: Scope::Direct,
                matching: HistoryFilter::default(),
                offset: 1,
                limit: 100,
            },
            3 => Question::Changes {
                since: Resume {
                    epoch: self.node.core().epoch(),
                    position: Position::ZERO,
                },
                limit: 100,
            },
            _ => Question::Conversations {
                before: None,
                limit: 10,
            },
        })
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
        let mut shown = Vec::new();
        match reply {
            Reply::Sent { change, .. } => {
                self.messages
                    .push((who, MessageId::created_at(change.position)));
            }
            Reply::Messages(messages) => {
                let visible = messages.into_iter().filter(|shown| !shown.veiled);
                shown.extend(visible.map(|shown| format!("{:?}", shown.message)));
            }
            Reply::History { items, .. } => {
                shown.extend(items.into_iter().map(|item| format!("{:?}", item.message)));
            }
            Reply::Changes { changes, .. } => shown.extend(changes.iter().filter_map(seen)),
            Reply::Conversations { summaries, .. } => {
                let last = summaries
                    .into_iter()
                    .filter_map(|summary| summary.last_message);
                // Its reactions are the list's, which shows none.
                shown.extend(last.map(|message| message.content.text));
            }
            _ => {}
        }
        self.shown[who].extend(shown);
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
