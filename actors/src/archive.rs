//! The way to the store: collects the writes of all rooms, commits them as groups, then has every
//! room told and every request answered.
//!
//! The only actor that writes. While one group is being committed the next one gathers, so groups grow with
//! the load. Nobody is told of a write before the store says that it is durable.

mod tally;
mod waiting;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Weak},
    task::{self, Poll, Waker},
    time::Duration,
};

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, ResponseFuture, WrapFuture};
use parlour_storage::{
    domain::conversation::Conversation,
    error::StoreError,
    ids::ConversationId,
    store::{Outcome, Rejection, Transaction},
};
use tokio::sync::oneshot;

pub(crate) use self::waiting::answer;
use self::{
    tally::{Counted, Tally},
    waiting::Waiting,
};
use crate::{
    command::Card,
    error::Failure,
    group::{Group, Groups},
    herald::{Asked, Herald},
    limits::GROUPS_IN_COMMIT_MAX,
    reply::ReplyTo,
    room::{Committed, News},
    system::Core,
    visibility::Audience,
};

/// How often a flush looks whether the rooms have told what was committed.
const TOLD_CHECK: Duration = Duration::from_millis(1);

/// The actor.
#[derive(Debug)]
pub struct Archive {
    core: Arc<Core>,
    queue: VecDeque<Submit>,
    groups: Groups,
    /// Numbers of the next group to commit, and of the next one to tell.
    next: u64,
    telling: u64,
    /// Groups that the store finished before an earlier one was told.
    finished: BTreeMap<u64, Finished>,
    /// Writes taken so far, and how many of them came to their end.
    n_submitted: u64,
    n_told: u64,
    /// Who waits for how many to come to their end, ascending.
    flushes: VecDeque<(u64, oneshot::Sender<Weak<Group>>)>,
    tally: Tally,
}

#[derive(Debug)]
struct Finished {
    waiting: Vec<Waiting>,
    result: Result<Vec<Result<Outcome, Rejection>>, StoreError>,
    herald: Herald,
}

impl Archive {
    /// An archive with nothing to do.
    pub fn new(core: Arc<Core>) -> Self {
        Self {
            core,
            queue: VecDeque::new(),
            groups: Groups::default(),
            next: 0,
            telling: 0,
            finished: BTreeMap::new(),
            n_submitted: 0,
            n_told: 0,
            flushes: VecDeque::new(),
            tally: Tally::default(),
        }
    }
}

impl Actor for Archive {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(self.core.settings.archive_queue_max);
    }
}

/// Writes something that Moderation let pass.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub struct Submit {
    /// What.
    pub transaction: Transaction,
    /// Who does it.
    pub by: Arc<Card>,
    /// Where, if a room asked.
    pub conversation: Option<Arc<Conversation>>,
    /// Who is told less of it.
    pub audience: Audience,
    /// Who is told what came of it.
    pub reply: ReplyTo,
}

impl Handler<Submit> for Archive {
    type Result = ();

    fn handle(&mut self, submit: Submit, ctx: &mut Self::Context) {
        if self.queue.len() >= self.core.settings.archive_queue_max {
            self.core.counters.archive_full.add_one();
            return submit.reply.answer(Err(Failure::busy()));
        }
        self.n_submitted += 1;
        self.queue.push_back(submit);
        self.commit(ctx);
    }
}

/// Waits until everything submitted before has been committed, told and answered.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub struct Flush;

impl Handler<Flush> for Archive {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Flush, _ctx: &mut Self::Context) -> Self::Result {
        let (done, wait) = oneshot::channel();
        self.flushes.push_back((self.n_submitted, done));
        self.answer_flushes();
        Box::pin(async move {
            // An archive that died has nothing more to wait for.
            let last = wait.await.unwrap_or_default();
            while last.strong_count() > 0 {
                tokio::time::sleep(TOLD_CHECK).await;
            }
        })
    }
}

impl Archive {
    /// Gives the store what has gathered, if it can take another group.
    fn commit(&mut self, ctx: &mut Context<Self>) {
        let in_commit = usize::try_from(self.next - self.telling).unwrap_or(usize::MAX);
        if self.queue.is_empty() || in_commit >= GROUPS_IN_COMMIT_MAX {
            return;
        }
        let n = self.queue.len().min(self.core.settings.group_max);
        let mut transactions = Vec::with_capacity(n);
        let mut waiting = Vec::with_capacity(n);
        for Submit {
            transaction,
            by,
            conversation,
            audience,
            reply,
        } in self.queue.drain(..n)
        {
            waiting.push(Waiting {
                by,
                conversation,
                audience,
                reply,
                at: transaction.at,
                asked: Asked::from(&transaction.write),
                counted: Counted::from(&transaction.write),
            });
            transactions.push(transaction);
        }
        let number = self.next;
        self.next += 1;
        let store = self.core.store();
        let mut commit = Box::pin(async move { store.commit(transactions).await });
        // Begun here: the store orders groups as they come, and a context polls what was spawned in any order.
        let begun = commit
            .as_mut()
            .poll(&mut task::Context::from_waker(Waker::noop()));
        let core = Arc::clone(&self.core);
        let finish = async move {
            let result = match begun {
                Poll::Ready(result) => result,
                Poll::Pending => commit.await,
            };
            let asked = waiting.iter().map(|w| (&w.asked, &w.by.user));
            let outcomes = result.as_deref().unwrap_or_default();
            let herald = Herald::read(&core, asked, outcomes).await;
            Finished {
                waiting,
                result,
                herald,
            }
        };
        ctx.spawn(finish.into_actor(self).map(move |finished, this, ctx| {
            this.finished.insert(number, finished);
            // The store answers in order, but the answers may be looked at in another.
            while let Some(finished) = this.finished.remove(&this.telling) {
                this.telling += 1;
                this.tell(finished);
            }
            this.commit(ctx);
            this.answer_flushes();
        }));
    }

    fn answer_flushes(&mut self) {
        while self.flushes.front().is_some_and(|&(n, _)| n <= self.n_told) {
            if let Some((_, done)) = self.flushes.pop_front() {
                let _waits_no_more = done.send(self.groups.last());
            }
        }
    }

    /// Answers and tells everyone concerned by a group.
    fn tell(&mut self, finished: Finished) {
        let Finished {
            waiting,
            result,
            herald,
        } = finished;
        self.n_told += waiting.len() as u64;
        let outcomes = match result {
            Ok(outcomes) => outcomes,
            Err(error) => {
                tracing::error!(%error, n_writes = waiting.len(), "a group was not committed");
                let failure = Failure::from(error);
                for waits in waiting {
                    waits.reply.answer(Err(failure.clone()));
                }
                return;
            }
        };
        self.core.counters.groups_committed.add_one();
        self.core
            .counters
            .transactions_committed
            .add(outcomes.len() as u64);
        let mut by_room: Vec<(ConversationId, Vec<News>)> = Vec::new();
        let mut place: HashMap<ConversationId, usize> = HashMap::new();
        let (mut through, mut n_changes) = (None, 0);
        for (waits, outcome) in waiting.into_iter().zip(outcomes) {
            if let Ok(outcome) = &outcome {
                let counters = &self.core.counters;
                self.tally.count(waits.counted, waits.at, outcome, counters);
            }
            for news in waits.settle(outcome, &self.core, &herald) {
                through = Some(news.change.position);
                n_changes += 1;
                let id = news.change.conversation;
                let at = *place.entry(id).or_insert_with(|| {
                    by_room.push((id, Vec::new()));
                    by_room.len() - 1
                });
                by_room[at].1.push(news);
            }
        }
        let Some(through) = through else { return };
        let group = self.groups.begin(through, n_changes);
        for (id, news) in by_room {
            self.core.tell_room(
                id,
                Committed {
                    group: Arc::clone(&group),
                    news,
                },
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use parlour_storage::{
        domain::{change::ChangeBody, message::Content},
        ids::Timestamp,
        store::Write,
    };

    use super::*;
    use crate::{
        command::Reply,
        limits::Settings,
        testkit::{TestNode, user},
    };

    #[actix::test]
    async fn groups_are_committed_in_the_order_they_were_submitted_in() {
        // Small groups, so that several end and begin at once.
        let node = TestNode::start(Settings {
            group_max: 1,
            ..Settings::default()
        });
        let conversation = node.direct("a", "b").await;
        let mut answers = VecDeque::new();
        let submit = |n: u64| {
            let content = Content {
                text: n.to_string(),
                ..Content::default()
            };
            let write = Write::Send {
                conversation,
                content,
                attachments: Vec::new(),
                key: None,
            };
            let (reply, answer) = ReplyTo::task();
            node.core().submit(Submit {
                transaction: Transaction::new(Timestamp::now(), user("a"), write),
                by: Card::nameless(user("a")),
                conversation: None,
                audience: Audience::default(),
                reply,
            });
            answer
        };
        // Bursts, since it matters most while the first ones are under way.
        for n in 1..=20_000 {
            answers.push_back((n, submit(n)));
            if n % 50 > 0 {
                continue;
            }
            while let Some((n, answer)) = answers.pop_front() {
                let Ok(Reply::Sent { change, .. }) = answer.await.unwrap() else {
                    panic!("not sent")
                };
                let ChangeBody::Sent(message) = &change.body else {
                    panic!("no message")
                };
                assert_eq!(message.content.text, n.to_string());
                assert_eq!(message.seq.0, n, "the message submitted as number {n}");
            }
        }
        node.stop().await;
    }
}
