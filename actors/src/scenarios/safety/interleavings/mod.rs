//! Whatever is done in whatever order: who blocks somebody is shown nothing that they write later, nor is anybody what
//! somebody writes who is shadow-banned.

mod looks;
mod telltale;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use parlour_storage::{
    domain::{
        attachment::AttachmentDraft, change::ChangeBody, message::Content, safety::Sanction,
        user::NodeRole,
    },
    ids::{AttachmentId, ConversationId, MessageId, MessageRequestId, Position, Seq},
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use self::telltale::{Telltale, mark, place, reads};
use super::try_decide;
use crate::{
    codec::Resume,
    command::{
        AttachmentCommand, AttachmentReply, Command, ContactCommand, ContactReply, Mark, Question,
        Reply, Request, Target,
    },
    error::Failure,
    limits::Settings,
    scenarios::telling::opened,
    testkit::{Client, TestNode, message, user},
};

const NAMES: [&str; 3] = ["a", "b", "c"];

/// One thing that somebody does. Numbers choose among what there is.
#[derive(Clone, Debug)]
enum Do {
    Block(usize),
    Unblock(usize),
    /// A moderator has somebody be heard by nobody, or ends it.
    Shadow(usize, bool),
    Send {
        to: usize,
    },
    SendFile {
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
        2 => (0..NAMES.len(), any::<bool>()).prop_map(|(whom, on)| Do::Shadow(whom, on)),
        8 => (0_usize..3).prop_map(|to| Do::Send { to }),
        4 => (0_usize..3).prop_map(|to| Do::SendFile { to }),
        4 => (0_usize..64).prop_map(Do::Edit),
        3 => (0_usize..64).prop_map(Do::React),
        2 => (0_usize..3).prop_map(|to| Do::Read { to }),
        2 => (0_usize..3).prop_map(|to| Do::Type { to }),
        1 => Just(Do::Connect),
        2 => Just(Do::Resume),
        2 => (0_usize..2).prop_map(Do::Ask),
        2 => (0_usize..8, any::<bool>()).prop_map(|(request, accept)| Do::Answer { request, accept }),
        10 => (0..looks::N_LOOKS, 0_usize..64).prop_map(|(way, at)| Do::Look(way, at)),
    ];
    // Those of one step are done at once, and a step begins when the one before has ended.
    let step = prop::collection::vec((0_usize..NAMES.len(), deed), 1..4);
    prop::collection::vec(step, 1..40)
}

/// The end of a step, and up to where the order had come by then.
type Since = (usize, Position);

/// The state of one run.
struct Run {
    node: Arc<TestNode>,
    /// The direct ones, and the group of all.
    conversations: Vec<ConversationId>,
    /// Messages with their authors.
    messages: Vec<(usize, MessageId, ConversationId)>,
    /// Files of messages.
    files: Vec<AttachmentId>,
    /// Requests with who made them.
    requests: Vec<(usize, MessageRequestId)>,
    clients: Vec<Client>,
    /// Where each client is.
    at: Vec<Position>,
    /// Since when one blocks another for sure.
    blocks: BTreeMap<(usize, usize), Since>,
    /// Since when somebody is shadow-banned for sure.
    shadows: BTreeMap<usize, Since>,
    /// What each was shown in this step.
    shown: Vec<Vec<String>>,
    /// What each was told of unread messages in this step.
    counted: Vec<Vec<(ConversationId, u64)>>,
    /// How often a search found something, and how often a file was there.
    found: [usize; 2],
}

impl Run {
    async fn new() -> Self {
        let node = Arc::new(TestNode::start_with_files(Settings::default()));
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
            files: Vec::new(),
            requests: Vec::new(),
            clients: clients.into(),
            at: vec![Position::ZERO; NAMES.len()],
            blocks: BTreeMap::new(),
            shadows: BTreeMap::new(),
            shown: vec![Vec::new(); NAMES.len()],
            counted: vec![Vec::new(); NAMES.len()],
            found: [0; 2],
        }
    }

    /// Does all deeds of a step at once, and waits until everyone was told.
    async fn step(&mut self, n: usize, deeds: &[(usize, Do)]) -> Result<(), TestCaseError> {
        // Of one millisecond it isn't known what came first.
        let began = parlour_storage::ids::Timestamp::now();
        while parlour_storage::ids::Timestamp::now() <= began {
            tokio::task::yield_now().await;
        }
        let (mut asked, mut decided) = (Vec::new(), Vec::new());
        for (who, deed) in deeds {
            match deed {
                Do::Connect | Do::Resume => self.connect(*who, matches!(deed, Do::Resume)),
                Do::Shadow(whom, on) => {
                    let node = Arc::clone(&self.node);
                    decided.push(actix::spawn(shadow(node, *whom, *on)));
                }
                Do::SendFile { to } => {
                    let node = Arc::clone(&self.node);
                    let (who, to) = (*who, self.conversations[*to]);
                    asked.push((who, actix::spawn(send_file(node, who, to, mark(who, n)))));
                }
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
            match deed {
                Do::Unblock(other) => _ = self.blocks.remove(&(*who, other_of(*who, *other))),
                Do::Shadow(whom, false) => _ = self.shadows.remove(whom),
                _ => {}
            }
        }
        for decided in decided {
            decided.await.unwrap();
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
        let now = (n, self.node.core().store_ref().head());
        for (who, deed) in deeds {
            let other = |other: &usize| other_of(*who, *other);
            if let Do::Block(o) = deed
                && !deeds
                    .iter()
                    .any(|(w, d)| w == who && matches!(d, Do::Unblock(u) if other(u) == other(o)))
            {
                self.blocks.entry((*who, other(o))).or_insert(now);
            }
            if let Do::Shadow(whom, true) = deed
                && !deeds
                    .iter()
                    .any(|(_, d)| matches!(d, Do::Shadow(other, false) if other == whom))
            {
                self.shadows.entry(*whom).or_insert(now);
            }
        }
        Ok(())
    }

    /// Who hears nothing of whom, and since when.
    fn unheard(&self) -> Vec<((usize, usize), Since)> {
        let blocks = self.blocks.iter().map(|(pair, since)| (*pair, *since));
        let shadows = self.shadows.iter().flat_map(|(&whom, &since)| {
            let others = (0..NAMES.len()).filter(move |who| *who != whom);
            others.map(move |who| ((who, whom), since))
        });
        blocks.chain(shadows).collect()
    }

    /// Nobody was shown what somebody wrote whom they had blocked by then, or who was shadow-banned.
    fn check(&mut self, n: usize) -> Result<(), TestCaseError> {
        let unheard = self.unheard();
        for &((who, other), (since, head)) in &unheard {
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
                let hears = |by| by != who && unheard.iter().all(|(pair, _)| *pair != (who, by));
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
            Do::Connect | Do::Resume | Do::Shadow(..) | Do::SendFile { .. } => return None,
        };
        Some(Request::Do(command))
    }

    fn question(&self, way: usize, at: usize) -> Option<Question> {
        let conversation = self.conversations[at % self.conversations.len()];
        let messages = self.messages.iter().rev();
        let message = messages.map(|message| message.1).cycle().nth(at);
        let file = self.files.iter().rev().cycle().nth(at).copied();
        looks::question(way, self.node.core().epoch(), conversation, message, file)
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
                if let ChangeBody::Sent(message) = &change.body {
                    self.files
                        .extend(message.attachments.iter().map(|file| file.id));
                }
            }
            Reply::Contact(ContactReply::Request(shown)) => {
                self.requests.push((who, shown.request.id))
            }
            Reply::Found { items, .. } => self.found[0] += usize::from(!items.is_empty()),
            Reply::Attachment(_) => self.found[1] += 1,
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

/// A moderator decides. That nothing changes by it is an answer too.
async fn shadow(node: Arc<TestNode>, whom: usize, on: bool) {
    let sanction = if on {
        Sanction::ShadowBan
    } else {
        Sanction::EndShadowBan
    };
    let decided = try_decide(&node, "mod", NodeRole::Moderator, NAMES[whom], sanction).await;
    decided.unwrap();
}

/// Sends a file that is named by what is said, and nothing else.
async fn send_file(
    node: Arc<TestNode>,
    who: usize,
    to: ConversationId,
    name: String,
) -> Result<Reply, Failure> {
    let draft = AttachmentDraft {
        object: format!("{who}/{name}"),
        name,
        media_type: "application/pdf".to_owned(),
        bytes: 1,
        digest: [0; 32],
        image: None,
        thumbnail: None,
        quota: None,
    };
    let upload = Command::Attachment(AttachmentCommand::Upload(draft));
    let file = match node.ask(NAMES[who], Request::Do(upload)).await? {
        Reply::Attachment(AttachmentReply::Uploaded(file)) => file.id,
        other => panic!("{other:?}"),
    };
    let send = Command::Send {
        to: Target::Conversation(to),
        content: Content::default(),
        attachments: vec![file],
        key: None,
    };
    node.ask(NAMES[who], Request::Do(send)).await
}

/// One of the two others.
fn other_of(who: usize, n: usize) -> usize {
    (who + 1 + n) % NAMES.len()
}

/// Over the real actors and the real store, on real threads: what races here races there.
#[test]
fn nobody_is_shown_what_somebody_they_block_writes_later() {
    let (n_steps, n_found) = (AtomicUsize::new(0), [const { AtomicUsize::new(0) }; 2]);
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
                n_steps.fetch_add(1, Ordering::Relaxed);
            }
            for (all, n) in n_found.iter().zip(run.found) {
                all.fetch_add(n, Ordering::Relaxed);
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
    assert!(n_steps.into_inner() > 48);
    let n_found = n_found.map(AtomicUsize::into_inner);
    assert!(n_found.iter().all(|n| *n > 10), "{n_found:?}");
}
