//! Messages that are to be sent later, over power cuts: random people schedule, change, take back and are sent for, the
//! power goes at any moment, and in the end each message is there once, or still waits, or was taken back.

#![expect(clippy::unwrap_used, reason = "helpers of tests too")]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use parlour_storage::{
    domain::{
        message::Content,
        scheduled::{Destination, Keep, Kept, Scheduled, ScheduledDraft},
    },
    faulty::FaultyDisk,
    ids::{ConversationId, IdempotencyKey, ScheduledId, Timestamp, UserId},
    local::Options,
    store::{MessagePage, Outcome, PageFrom, Rejection, Store, Transaction, Write},
};
use proptest::prelude::*;

const PEOPLE: usize = 3;
const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn name(n: usize) -> UserId {
    UserId::new(&format!("p{n}")).unwrap()
}

/// One step of a script. What was scheduled is meant by number, of all there ever was.
#[derive(Clone, Debug)]
enum Step {
    Schedule {
        by: usize,
        in_s: i64,
    },
    Change {
        one: usize,
        in_s: i64,
    },
    Cancel {
        one: usize,
    },
    Fail {
        one: usize,
    },
    /// Sends what is due first, as a node does: by what it last read.
    Send {
        stale: bool,
    },
    /// The power goes, and what wasn't acknowledged may be lost.
    /// `keep`: so many batches that were not synced are there all the same.
    Cut {
        during: bool,
        keep: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let number = 0_usize..20;
    let in_s = 1_i64..100;
    prop_oneof![
        6 => (0..PEOPLE, in_s.clone()).prop_map(|(by, in_s)| Step::Schedule { by, in_s }),
        2 => (number.clone(), in_s).prop_map(|(one, in_s)| Step::Change { one, in_s }),
        2 => number.clone().prop_map(|one| Step::Cancel { one }),
        1 => number.prop_map(|one| Step::Fail { one }),
        6 => any::<bool>().prop_map(|stale| Step::Send { stale }),
        2 => (any::<bool>(), 0_usize..3).prop_map(|(during, keep)| Step::Cut { during, keep }),
    ]
}

/// How one stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    Waits { at: Timestamp },
    Failed { at: Timestamp },
    Sent,
    Cancelled,
}

struct World {
    disk: FaultyDisk,
    store: Arc<dyn Store>,
    conversations: Vec<ConversationId>,
    all: Vec<(ScheduledId, usize, Stands)>,
    n: usize,
}

fn open(disk: &FaultyDisk) -> Arc<dyn Store> {
    Arc::new(disk.open(Options::default()).unwrap())
}

impl World {
    async fn new() -> Self {
        let disk = FaultyDisk::default();
        let store = open(&disk);
        let mut world = Self {
            disk,
            store,
            conversations: Vec::new(),
            all: Vec::new(),
            n: 0,
        };
        for by in 0..PEOPLE {
            let with = UserId::new("them").unwrap();
            match world.write(by, Write::OpenDirect { with }).await {
                Ok(Outcome::Changed(changes)) => {
                    world.conversations.push(changes[0].conversation);
                }
                other => panic!("{other:?}"),
            }
        }
        world
    }

    async fn write(&self, by: usize, write: Write) -> Result<Outcome, Rejection> {
        let transaction = Transaction::new(NOW, name(by), write);
        self.store
            .commit(vec![transaction])
            .await
            .unwrap()
            .remove(0)
    }

    async fn seen(&self, one: usize) -> Option<Scheduled> {
        let (id, by, _) = self.all[one];
        self.store.scheduled(&name(by), id).await.unwrap()
    }

    fn send(&self, due: &Scheduled) -> Write {
        let Destination::Conversation(conversation) = due.to else {
            panic!("{due:?}");
        };
        Write::SendDue {
            scheduled: due.id,
            revision: due.revision,
            conversation,
            content: due.content.clone(),
            attachments: Vec::new(),
        }
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Schedule { by, in_s } => {
                let at = NOW.plus_ms(in_s * 1000);
                let draft = ScheduledDraft {
                    to: Destination::Conversation(self.conversations[by]),
                    content: Content {
                        text: self.n.to_string(),
                        ..Content::default()
                    },
                    attachments: Vec::new(),
                    at,
                    key: IdempotencyKey::new(&self.n.to_string()).ok(),
                };
                self.n += 1;
                match self.write(by, Write::Keep(Keep::Schedule(draft))).await {
                    Ok(Outcome::Kept {
                        kept: Kept::Scheduled(one),
                        changed: true,
                    }) => self.all.push((one.id, by, Stands::Waits { at })),
                    other => panic!("{other:?}"),
                }
            }
            Step::Change { one, in_s } if one < self.all.len() => {
                let (scheduled, by, stands) = self.all[one];
                let at = NOW.plus_ms(in_s * 1000);
                let change = Keep::Reschedule {
                    scheduled,
                    text: None,
                    at: Some(at),
                };
                let outcome = self.write(by, Write::Keep(change)).await;
                match stands {
                    Stands::Waits { .. } | Stands::Failed { .. } => {
                        assert!(matches!(outcome, Ok(Outcome::Kept { .. })), "{outcome:?}");
                        self.all[one].2 = Stands::Waits { at };
                    }
                    over => Self::is_over(over, outcome),
                }
            }
            Step::Cancel { one } if one < self.all.len() => {
                let (scheduled, by, stands) = self.all[one];
                let cancel = Write::Keep(Keep::Cancel { scheduled });
                let outcome = self.write(by, cancel).await;
                match stands {
                    Stands::Waits { .. } | Stands::Failed { .. } => {
                        assert_eq!(outcome, Ok(Outcome::Done));
                        self.all[one].2 = Stands::Cancelled;
                    }
                    over => Self::is_over(over, outcome),
                }
            }
            Step::Fail { one } if one < self.all.len() => {
                let Some(seen) = self.seen(one).await else {
                    return;
                };
                let (_, by, stands) = self.all[one];
                let fail = Keep::Fail {
                    scheduled: seen.id,
                    revision: seen.revision,
                    code: 2020,
                    reason: "no".to_owned(),
                };
                let outcome = self.write(by, Write::Keep(fail)).await;
                if let Stands::Waits { at } = stands {
                    assert!(matches!(outcome, Ok(Outcome::Kept { .. })));
                    self.all[one].2 = Stands::Failed { at };
                } else {
                    assert_eq!(outcome, Err(Rejection::NoScheduled));
                }
            }
            Step::Send { stale } => self.send_first(stale).await,
            Step::Cut { during, keep } => self.cut(during, keep).await,
            _ => {}
        }
    }

    fn is_over(stands: Stands, outcome: Result<Outcome, Rejection>) {
        let expected = if stands == Stands::Sent {
            Rejection::ScheduledSent
        } else {
            Rejection::NoScheduled
        };
        assert_eq!(outcome, Err(expected));
    }

    async fn send_first(&mut self, stale: bool) {
        let due = self.store.due(None, 1).await.unwrap();
        let Some(due) = due.first() else { return };
        let one = self.all.iter().position(|(id, _, _)| *id == due.id);
        let one = one.unwrap();
        let by = self.all[one].1;
        if stale {
            // Somebody changes it while it is on its way.
            let in_s = (due.at.0 - NOW.0) / 1000 + 1;
            Box::pin(self.take(Step::Change { one, in_s })).await;
            let outcome = self.write(by, self.send(due)).await;
            assert_eq!(outcome, Err(Rejection::NoScheduled));
            return;
        }
        let outcome = self.write(by, self.send(due)).await;
        assert!(matches!(outcome, Ok(Outcome::Changed(_))), "{outcome:?}");
        self.all[one].2 = Stands::Sent;
    }

    /// `during`: in the middle of sending, of which nobody learns what became.
    async fn cut(&mut self, during: bool, keep: usize) {
        let due = self.store.due(None, 1).await.unwrap();
        let mut told = None;
        if let Some(due) = due.first().filter(|_| during) {
            let by = self.all.iter().find(|(id, _, _)| *id == due.id).unwrap().1;
            let transaction = Transaction::new(NOW, name(by), self.send(due));
            self.disk.hold_syncs();
            let store = Arc::clone(&self.store);
            let sending = tokio::spawn(async move { store.commit(vec![transaction]).await });
            while self.disk.n_unsynced() == 0 {
                tokio::task::yield_now().await;
            }
            self.disk.cut_power(keep);
            told = Some((due.id, sending.await.unwrap().is_ok()));
        } else {
            self.disk.cut_power(keep);
        }
        self.store = open(&self.disk);
        if let Some((id, was_told)) = told {
            let one = self.all.iter().position(|(other, _, _)| *other == id);
            let one = one.unwrap();
            let waits = self.seen(one).await.is_some();
            assert!(!(waits && was_told), "acknowledged, and not there");
            if !waits {
                self.all[one].2 = Stands::Sent;
            }
        }
    }

    async fn compare(&self) {
        let due = self.store.due(None, usize::MAX).await.unwrap();
        let due: Vec<_> = due.iter().map(|one| (one.at, one.id)).collect();
        let waits = self.all.iter().filter_map(|(id, _, stands)| match stands {
            Stands::Waits { at } => Some((*at, *id)),
            _ => None,
        });
        let expected: BTreeSet<_> = waits.collect();
        assert_eq!(due, expected.into_iter().collect::<Vec<_>>());
        assert_eq!(self.store.n_scheduled().await.unwrap(), due.len() as u64);
        let mut sent: BTreeMap<String, usize> = BTreeMap::new();
        for &conversation in &self.conversations {
            let page = MessagePage {
                from: PageFrom::End,
                limit: usize::MAX,
            };
            for message in self.store.messages(conversation, page).await.unwrap() {
                *sent.entry(message.content.text).or_default() += 1;
            }
        }
        let expected = (0..).zip(&self.all);
        let expected = expected.filter(|(_, (_, _, stands))| *stands == Stands::Sent);
        let expected = expected.map(|(n, _): (usize, _)| (n.to_string(), 1));
        assert_eq!(sent, expected.collect(), "each once");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn each_message_is_sent_once(script in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            for step in script {
                world.take(step).await;
            }
            world.compare().await;
            world.cut(true, 9).await;
            world.compare().await;
            assert_eq!(world.disk.verify().unwrap().findings, []);
        });
    }
}
