//! First contact against a model that is too simple to be wrong: three people ask, answer, like, block, unmatch and
//! write, under each gate and with each plan, in random order, and both must say the same after every step.
//!
//! Moderation refuses much of this before the store sees it. Here nothing stands before the store, as if every block
//! had come in between.

#![expect(clippy::unwrap_used, reason = "helpers of tests too")]

mod contacts {
    pub(crate) mod model;
    pub(crate) mod people;
}

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use contacts::{
    model::{Expected, Model, Plan},
    people::{Act, PEOPLE, name, step},
};
use parlour_storage::{
    contacts::{Direction, Lifetime, RequestPage},
    domain::{
        change::{Change, ChangeBody},
        contact::{ContactRules, Gate, Notice, RequestStatus},
        message::Content,
    },
    faulty::FaultyDisk,
    ids::{IdempotencyKey, Timestamp, UserId},
    local::Options,
    store::{MessagePage, Outcome, PageFrom, Rejection, Store, Transaction, Write},
};
use proptest::prelude::*;

const START_MS: i64 = 1_800_000_000_000;
/// Requests last so many steps.
const TTL_STEPS: i64 = 9;

/// A store, its model, and what was last written with a key.
struct Play {
    store: Arc<dyn Store>,
    model: Model,
    now: i64,
    keyed: Option<(Transaction, Outcome)>,
}

fn at(step: i64) -> Timestamp {
    Timestamp(START_MS + step * 1000)
}

fn ttl() -> Option<Duration> {
    Some(Duration::from_secs(TTL_STEPS as u64))
}

impl Play {
    fn lifetime(&self) -> Lifetime {
        Lifetime {
            at: at(self.now),
            ttl: ttl(),
        }
    }

    fn key(&self) -> Option<IdempotencyKey> {
        Some(IdempotencyKey::new(&self.now.to_string()).unwrap())
    }

    async fn commit(&self, transaction: Transaction) -> Result<Outcome, Rejection> {
        let mut outcomes = self.store.commit(vec![transaction]).await.unwrap();
        outcomes.remove(0)
    }

    fn transaction(&self, by: usize, peer: Option<usize>, plan: Plan, write: Write) -> Transaction {
        let gate = match plan {
            Plan::Admin => Gate::Open,
            Plan::Free | Plan::Premium => self.model.gate,
        };
        Transaction {
            contact: ContactRules {
                gate,
                direct: plan == Plan::Premium && gate == Gate::Request,
                peer: peer.map(name),
                masked: Some("masked".to_owned()).filter(|_| peer.is_some()),
                request_ttl: ttl(),
            },
            ..Transaction::new(at(self.now), name(by), write)
        }
    }

    /// What an act is to the store. `None`: there is nothing that it could be about.
    fn write(&self, by: usize, act: &Act) -> Option<(Transaction, Expected)> {
        let model = &self.model;
        let free = |write| self.transaction(by, None, Plan::Free, write);
        let user = |n: usize| name(n);
        Some(match *act {
            Act::Ask(to) => {
                let write = Write::Ask {
                    user: user(to),
                    text: format!("asked at {}", self.now),
                    masked: None,
                    key: self.key(),
                };
                (free(write), model.ask(by, to, self.now))
            }
            Act::Answer(n, accept) => {
                let request = model.requests.get(n)?.id;
                let write = Write::Answer { request, accept };
                (free(write), model.answer(by, n, accept, self.now))
            }
            Act::Withdraw(n) => {
                let request = model.requests.get(n)?.id;
                let write = Write::Withdraw { request };
                (free(write), model.withdraw(by, n, self.now))
            }
            Act::Like(to, on) => {
                let write = Write::Like { user: user(to), on };
                (free(write), model.like(by, to, on, self.now))
            }
            Act::Block(to) => {
                let write = Write::Block {
                    user: user(to),
                    reason: None,
                };
                (free(write), model.block(by, to))
            }
            Act::Unblock(to) => (
                free(Write::Unblock { user: user(to) }),
                model.unblock(by, to),
            ),
            Act::Unmatch(to) => {
                let matched = model.matched(by, to)?;
                (
                    free(Write::Unmatch { matched }),
                    Expected::met(["archived"]),
                )
            }
            Act::Send(to, plan) => match model.conversation(by, to) {
                None => {
                    let write = Write::OpenDirect { with: user(to) };
                    let expected = model.open(by, to, plan, self.now);
                    (self.transaction(by, Some(to), plan, write), expected)
                }
                Some(conversation) => {
                    let text = format!("sent at {}", self.now);
                    let content = Content {
                        text,
                        ..Content::default()
                    };
                    let write = Write::Send {
                        conversation,
                        content,
                        attachments: Vec::new(),
                        key: self.key(),
                    };
                    let expected = model.send(by, to, plan, self.now);
                    (self.transaction(by, Some(to), plan, write), expected)
                }
            },
        })
    }

    async fn act(&mut self, by: usize, act: &Act) {
        let Some((transaction, expected)) = self.write(by, act) else {
            return;
        };
        let outcome = self.commit(transaction.clone()).await;
        assert_eq!(seen(&outcome), expected, "{by}: {act:?} gave {outcome:?}");
        if let Ok(Outcome::Changed(changes) | Outcome::Met { changes, .. }) = &outcome {
            assert!(changes.is_sorted_by(|a, b| a.position < b.position));
        }
        self.model.follow(by, act, self.now, &outcome);
        let has_key = matches!(transaction.write, Write::Ask { .. } | Write::Send { .. });
        if let Ok(outcome) = outcome
            && has_key
        {
            self.keyed = Some((transaction, outcome));
        }
    }

    /// The last write with a key comes once more: it is answered as the first time, and nothing comes of it.
    async fn retry(&self) {
        let Some((transaction, before)) = &self.keyed else {
            return;
        };
        let again = self.commit(transaction.clone()).await;
        match (before, again) {
            (
                Outcome::Changed(changes) | Outcome::Met { changes, .. },
                Ok(Outcome::Repeated(change)),
            ) => assert_eq!(changes.last(), Some(&*change)),
            (Outcome::Met { notices, .. }, Ok(Outcome::Asked(request))) => {
                let [Notice::Requested(asked)] = &notices[..] else {
                    panic!("{notices:?}");
                };
                assert_eq!(request.id, asked.id);
            }
            other => panic!("{other:?}"),
        }
    }

    async fn compare(&self) {
        let statuses = self.statuses().await;
        let mut pending = BTreeSet::new();
        for (request, status) in self.model.requests.iter().zip(&statuses) {
            assert_eq!(*status, request.status_at(self.now), "{request:?}");
            let pair = (request.from.min(request.to), request.from.max(request.to));
            let is_first = *status != RequestStatus::Pending || pending.insert(pair);
            assert!(is_first, "two requests of {pair:?} are pending");
        }
        for a in 0..PEOPLE {
            self.compare_lists(a, &statuses).await;
            for b in (0..PEOPLE).filter(|b| *b != a) {
                self.compare_pair(a, b).await;
            }
        }
    }

    async fn statuses(&self) -> Vec<RequestStatus> {
        let mut statuses = Vec::new();
        for request in &self.model.requests {
            let found = self.store.message_request(request.id, self.lifetime());
            statuses.push(found.await.unwrap().unwrap().status);
        }
        statuses
    }

    async fn compare_pair(&self, a: usize, b: usize) {
        let tie = self.store.tie(&name(a), &name(b), self.lifetime()).await;
        let tie = tie.unwrap();
        let matched = tie.matched.as_ref().map(|matched| matched.id);
        assert_eq!(matched, self.model.matched(a, b));
        let request = tie.request.map(|request| request.id);
        assert_eq!(request, self.model.open_to(a, b, self.now), "{a} and {b}");
        let likes = [tie.liked, tie.liked_back];
        assert_eq!(likes, [self.model.likes(a, b), self.model.likes(b, a)]);
        assert_eq!(tie.written_to, self.model.wrote(b, a));
        let direct = self.store.direct_between(&name(a), &name(b)).await.unwrap();
        assert_eq!(direct, self.model.conversation(a, b));
        let Some(id) = direct else {
            assert_eq!(matched, None, "who is matched has a conversation");
            return;
        };
        let conversation = self.store.conversation(id).await.unwrap().unwrap();
        assert_eq!(conversation.archived, self.model.is_archived(a, b));
        let page = MessagePage {
            from: PageFrom::End,
            limit: 1000,
        };
        let messages = self.store.messages(id, page).await.unwrap();
        let texts = messages.into_iter().map(|m| (m.author, m.content.text));
        assert_eq!(texts.collect::<Vec<_>>(), self.model.texts(a, b));
    }

    async fn compare_lists(&self, user: usize, statuses: &[RequestStatus]) {
        let me = name(user);
        let hidden = self.store.hidden(&me, None, 100).await.unwrap();
        let hidden = hidden.into_iter().map(|h| (h.user, h.because));
        let expected = self.model.hidden(user);
        assert_eq!(hidden.collect::<Vec<_>>(), expected, "hidden from {user}");
        let matches = self.store.matches(&me, None, 100).await.unwrap();
        let matches: Vec<_> = matches.into_iter().map(|matched| matched.id).collect();
        assert_eq!(matches, self.model.matches_of(user));
        let liked = self.store.likes(&me, None, 100).await.unwrap();
        let others = (0..PEOPLE).filter(|other| self.model.likes(user, *other));
        assert_eq!(liked, others.map(name).collect::<Vec<UserId>>());
        let mut listed = self.store.listing(&me).await.unwrap();
        listed.sort_by(|a, b| a.peer.cmp(&b.peer));
        let listed = listed.into_iter().map(|l| l.conversation);
        assert_eq!(listed.collect::<Vec<_>>(), self.model.listed(user));

        let page = RequestPage {
            direction: Direction::Received,
            pending: true,
            before: None,
            limit: 100,
        };
        let found = self
            .store
            .message_requests(&me, page, self.lifetime())
            .await;
        let found: Vec<_> = found.unwrap().into_iter().map(|r| r.id).collect();
        let requests = self.model.requests.iter().zip(statuses).rev();
        let received = requests
            .filter(|(request, status)| request.to == user && **status == RequestStatus::Pending);
        let received: Vec<_> = received.map(|(request, _)| request.id).collect();
        assert_eq!(found, received);
    }
}

/// An outcome in the words of the model.
fn seen(outcome: &Result<Outcome, Rejection>) -> Expected {
    match outcome {
        Err(rejection) => Expected::Refused(*rejection),
        Ok(Outcome::Changed(changes)) => Expected::Happened {
            kind: None,
            changes: changes.iter().map(word).collect(),
        },
        Ok(Outcome::Met { notices, changes }) => Expected::Happened {
            kind: notices.iter().find_map(|notice| match notice {
                Notice::Matched(matched) => Some(matched.kind),
                _ => None,
            }),
            changes: changes.iter().map(word).collect(),
        },
        Ok(Outcome::Done) => Expected::met([]),
        Ok(Outcome::Unchanged) => Expected::Unchanged,
        other => panic!("{other:?}"),
    }
}

fn word(change: &Change) -> &'static str {
    match &change.body {
        ChangeBody::Created { .. } => "opened",
        ChangeBody::Archived { on: true } => "archived",
        ChangeBody::Archived { on: false } => "resumed",
        ChangeBody::Sent(_) => "sent",
        other => panic!("{other:?}"),
    }
}

async fn play(gate: Gate, script: &[people::Step], open: &dyn Fn() -> Arc<dyn Store>) {
    let mut play = Play {
        store: open(),
        model: Model::new(gate, TTL_STEPS),
        now: 0,
        keyed: None,
    };
    for step in script {
        play.now += 1;
        match step {
            people::Step::Reopen => {
                play.store.close().await.unwrap();
                play.store = open();
            }
            people::Step::Retry => play.retry().await,
            people::Step::Wait => play.now += TTL_STEPS,
            people::Step::Do { by, act } => play.act(*by, act).await,
        }
        play.compare().await;
    }
    play.store.close().await.unwrap();
}

use contacts::people;

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn the_store_decides_as_the_model(
        gate in prop::sample::select(vec![Gate::Open, Gate::Request, Gate::Match]),
        script in prop::collection::vec(step(), 1..80),
    ) {
        let disk = FaultyDisk::default();
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(play(gate, &script, &|| {
            disk.cut_power(0);
            Arc::new(disk.open(Options::default()).unwrap())
        }));
        prop_assert_eq!(disk.verify().unwrap().findings, []);
    }
}
