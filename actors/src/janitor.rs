//! Takes away what isn't kept: old messages, lines of the audit log, events and notifications.
//!
//! One small step after the other, with a pause after each that grows with what the step took: a store that is busy
//! answers slower and is left alone for longer, and however much is due, the janitor has a tenth of its time at most.
//! What goes and what stays is the store's to say.

use std::{collections::HashMap, sync::Arc, time::Duration};

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, WrapFuture};
use parlour_storage::{
    domain::event::EventId,
    error::{StoreError, StoreErrorKind},
    events::Forgotten,
    ids::{ConversationId, Position, Timestamp},
    safety::{Purged, Retention},
    store::Store,
};
use tokio::time::Instant;

use crate::{limits::Settings, policy::Policy, system::Core};

/// Messages taken away in one step: some milliseconds of the writer's time.
const STEP_MESSAGES: usize = 64;
/// Lines of the audit log let go in one step.
const STEP_LINES: usize = 256;
/// Rows of events forgotten in one step.
const STEP_EVENTS: usize = 256;
/// Notifications forgotten in one step.
const STEP_NOTIFICATIONS: usize = 64;
/// After a step it rests for so many times as long as the step took ...
pub(crate) const REST_FACTOR: u32 = 9;
/// ... and for so long at least.
pub(crate) const REST_MIN: Duration = Duration::from_millis(5);
/// Once everything has been looked at, it begins again after so long ...
pub(crate) const ROUND_PAUSE: Duration = Duration::from_secs(60);
/// ... or sooner, if nothing is kept for that long; but not sooner than this. It also waits so long for a store that is
/// busy.
const ROUND_PAUSE_MIN: Duration = Duration::from_secs(1);

/// The actor.
#[derive(Debug)]
pub(crate) struct Janitor {
    core: Arc<Core>,
    /// What it does next.
    task: Task,
    /// How long it rests once everything has been looked at.
    round_pause: Duration,
    /// Consumers of events that were too late, and where they stood.
    late: HashMap<String, EventId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    /// Messages, from the conversation after this one on.
    Messages(Option<ConversationId>),
    /// Lines of the audit log.
    Audit,
    /// Events.
    Events,
    /// Notifications.
    Notifications,
}

/// What a step did.
#[derive(Debug)]
enum Done {
    Messages(Purged),
    Audit(u64),
    Events {
        forgotten: Forgotten,
        /// Who hadn't come to what was forgotten, and where they stand.
        late: Vec<(String, EventId)>,
    },
    Notifications(usize),
}

impl Janitor {
    /// A janitor, if the policy leaves anything to do.
    pub(crate) fn new(core: Arc<Core>) -> Option<Self> {
        let Policy {
            retention,
            audit_age,
            ..
        } = &core.settings.policy;
        let is_needed = *retention != Retention::default()
            || audit_age.is_some()
            || core.settings.events_age.is_some()
            || core.settings.notifications_age.is_some();
        let round_pause = round_pause(&core.settings);
        is_needed.then_some(Self {
            core,
            task: Task::Messages(None),
            round_pause,
            late: HashMap::new(),
        })
    }

    fn step_after(&self, pause: Duration, ctx: &mut Context<Self>) {
        ctx.run_later(pause, |this, ctx| this.step(ctx));
    }

    fn step(&self, ctx: &mut Context<Self>) {
        let (core, task) = (Arc::clone(&self.core), self.task);
        let began = Instant::now();
        let step = async move { work(&core, task).await }.into_actor(self);
        ctx.spawn(step.map(move |done, this, ctx| match done {
            Ok(done) => {
                let pause = this.next(&done, began.elapsed());
                this.step_after(pause, ctx);
            }
            Err(error) if error.kind == StoreErrorKind::Busy => {
                this.step_after(ROUND_PAUSE_MIN, ctx);
            }
            Err(error) if error.kind.is_damage() => {
                tracing::error!(%error, "retention met a damaged record; it begins anew later");
                this.task = Task::Messages(None);
                this.step_after(this.round_pause, ctx);
            }
            // The store is closed, or failed and says so itself.
            Err(_) => ctx.stop(),
        }));
    }

    /// Counts what a step did, decides on the next one, and tells how long to rest before it.
    fn next(&mut self, done: &Done, took: Duration) -> Duration {
        let counters = &self.core.counters;
        let (next, is_round) = match done {
            &Done::Messages(Purged {
                n_messages,
                through,
            }) => {
                counters.messages_purged.add(n_messages);
                let next = through.map_or(Task::Audit, |id| Task::Messages(Some(id)));
                (next, false)
            }
            &Done::Audit(n_lines) => {
                counters.audit_lines_forgotten.add(n_lines);
                let all = n_lines < STEP_LINES as u64;
                let next = if all { Task::Events } else { Task::Audit };
                (next, false)
            }
            Done::Events { forgotten, late } => {
                counters.events_forgotten.add(forgotten.n_rows);
                for (consumer, through) in late {
                    // Where it was when it was said before, it still is.
                    if self.late.insert(consumer.clone(), *through) != Some(*through) {
                        counters.event_consumers_late.add_one();
                        tracing::warn!(
                            consumer,
                            "events were forgotten before they were taken; events.age says for how long they are kept"
                        );
                    }
                }
                let next = if forgotten.more {
                    Task::Events
                } else {
                    Task::Notifications
                };
                (next, false)
            }
            &Done::Notifications(n) => {
                counters.notifications_forgotten.add(n as u64);
                if n < STEP_NOTIFICATIONS {
                    (Task::Messages(None), true)
                } else {
                    (Task::Notifications, false)
                }
            }
        };
        self.task = next;
        if is_round {
            self.round_pause
        } else {
            (took * REST_FACTOR).max(REST_MIN)
        }
    }
}

/// What is kept for a time is not kept for twice as long.
fn round_pause(settings: &Settings) -> Duration {
    let policy = &settings.policy;
    let ages = [
        policy.retention.age,
        policy.audit_age,
        settings.events_age,
        settings.notifications_age,
    ];
    let shortest = ages.into_iter().flatten().min();
    shortest.map_or(ROUND_PAUSE, |age| age.clamp(ROUND_PAUSE_MIN, ROUND_PAUSE))
}

async fn work(core: &Core, task: Task) -> Result<Done, StoreError> {
    let (store, policy, now) = (core.store_ref(), &core.settings.policy, core.now());
    match task {
        Task::Messages(after) => {
            let step = store.purge(policy.retention, now, after, STEP_MESSAGES);
            step.await.map(Done::Messages)
        }
        Task::Audit => {
            let Some(age) = policy.audit_age else {
                return Ok(Done::Audit(0));
            };
            let before = before(now, age);
            store
                .forget_audit(before, STEP_LINES)
                .await
                .map(Done::Audit)
        }
        Task::Events => {
            let Some(age) = core.settings.events_age else {
                return Ok(Done::Events {
                    forgotten: Forgotten::default(),
                    late: Vec::new(),
                });
            };
            let first_kept = Position::at(before(now, age));
            let through = EventId {
                position: first_kept,
                n: 0,
            };
            let through = through.before();
            let late = late(store, through).await?;
            let forgotten = store.forget_events(through, STEP_EVENTS).await?;
            Ok(Done::Events { forgotten, late })
        }
        Task::Notifications => {
            let Some(age) = core.settings.notifications_age else {
                return Ok(Done::Notifications(0));
            };
            let step = store.forget_notifications(before(now, age), STEP_NOTIFICATIONS);
            step.await.map(Done::Notifications)
        }
    }
}

/// The consumers that have not come to something up to a place.
async fn late(store: &dyn Store, through: EventId) -> Result<Vec<(String, EventId)>, StoreError> {
    let mut late = Vec::new();
    for (name, at) in store.consumers().await? {
        if at >= through {
            continue;
        }
        let page = store.events_after(at, 1).await?;
        let waits = page.events.first().is_some_and(|event| event.id <= through);
        if waits || page.missed {
            late.push((name, at));
        }
    }
    Ok(late)
}

fn before(now: Timestamp, age: Duration) -> Timestamp {
    let ms = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
    Timestamp(now.0.saturating_sub(ms))
}

impl Actor for Janitor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.step_after(REST_MIN, ctx);
    }
}

#[cfg(test)]
mod tests {
    use parlour_storage::{
        ids::Seq,
        store::{MessagePage, PageFrom},
    };

    use super::*;
    use crate::testkit::TestNode;

    fn settings(retention: Retention) -> Settings {
        Settings {
            policy: Policy {
                retention,
                ..Policy::default()
            },
            ..Settings::default()
        }
    }

    const NEWEST_TWO: Retention = Retention {
        age: None,
        messages_max: Some(2),
    };

    #[actix::test]
    async fn nothing_is_done_if_everything_is_kept() {
        let node = TestNode::start(settings(Retention::default()));
        assert!(Janitor::new(Arc::clone(node.core())).is_none());
        node.stop().await;
    }

    #[actix::test]
    async fn old_messages_go_while_people_write() {
        let node = TestNode::start(settings(NEWEST_TWO));
        let conversation = node.direct("a", "b").await;
        // More than a step takes, and the last ones while it is at it.
        let n = 3 * STEP_MESSAGES as u64;
        for _ in 0..n {
            node.send("a", conversation, "x").await.unwrap();
        }
        // The node's own one may have seen few of them, and is at rest now. A second one does no harm.
        Janitor::new(Arc::clone(node.core())).unwrap().start();
        node.send("a", conversation, "x").await.unwrap();
        let purged = &node.core().counters.messages_purged;
        let page = MessagePage {
            from: PageFrom::End,
            limit: 1000,
        };
        // The last one may come when its conversation was looked at already. What went was counted, soon after.
        let left = loop {
            let left = node.core().store_ref().messages(conversation, page).await;
            let left: Vec<_> = left.unwrap().iter().map(|m| m.seq).collect();
            if left.len() <= 3 && purged.get() + left.len() as u64 == n + 1 {
                break left;
            }
        };
        assert!(left.ends_with(&[Seq(n), Seq(n + 1)]), "{left:?}");
        node.stop().await;
    }

    #[actix::test]
    async fn a_round_goes_on_where_it_was_and_rests_the_longer_the_longer_it_took() {
        let node = TestNode::start(settings(NEWEST_TWO));
        let mut janitor = Janitor::new(Arc::clone(node.core())).unwrap();
        let id = ConversationId::created_at(Position::new(7).unwrap());
        let step = |through| {
            Done::Messages(Purged {
                n_messages: 1,
                through,
            })
        };
        let took = Duration::from_millis(100);
        assert_eq!(janitor.next(&step(Some(id)), took), took * REST_FACTOR);
        assert_eq!(janitor.task, Task::Messages(Some(id)));
        assert_eq!(janitor.next(&step(None), Duration::ZERO), REST_MIN);
        assert_eq!(janitor.task, Task::Audit);
        let full = Done::Audit(STEP_LINES as u64);
        assert_eq!(janitor.next(&full, Duration::ZERO), REST_MIN);
        assert_eq!(janitor.task, Task::Audit);
        assert_eq!(janitor.next(&Done::Audit(3), Duration::ZERO), REST_MIN);
        assert_eq!(janitor.task, Task::Events);
        let events = |more| Done::Events {
            forgotten: Forgotten { n_rows: 5, more },
            late: vec![("webhook-1".to_owned(), EventId::default())],
        };
        assert_eq!(janitor.next(&events(true), Duration::ZERO), REST_MIN);
        assert_eq!(janitor.task, Task::Events);
        assert_eq!(janitor.next(&events(false), Duration::ZERO), REST_MIN);
        assert_eq!(janitor.task, Task::Notifications);
        let full = Done::Notifications(STEP_NOTIFICATIONS);
        assert_eq!(janitor.next(&full, Duration::ZERO), REST_MIN);
        assert_eq!(janitor.task, Task::Notifications);
        assert_eq!(janitor.next(&Done::Notifications(3), took), ROUND_PAUSE);
        assert_eq!(janitor.task, Task::Messages(None));
        let counters = &node.core().counters;
        assert_eq!(counters.messages_purged.get(), 2);
        assert_eq!(counters.audit_lines_forgotten.get(), 3 + STEP_LINES as u64);
        assert_eq!(counters.events_forgotten.get(), 10);
        assert_eq!(counters.event_consumers_late.get(), 1, "it is said once");
        let n_notifications = counters.notifications_forgotten.get();
        assert_eq!(n_notifications, 3 + STEP_NOTIFICATIONS as u64);
        node.stop().await;
    }

    #[actix::test]
    async fn old_events_go_and_who_missed_them_is_counted() {
        let node = TestNode::start(Settings {
            events_age: Some(Duration::from_millis(1)),
            ..Settings::default()
        });
        let conversation = node.direct("a", "b").await;
        let store = node.core().store();
        let start = EventId::through(store.head());
        node.send("a", conversation, "x").await.unwrap();
        let sent = store.head();
        for (name, at) in [("slow", start), ("done", EventId::through(Position::MAX))] {
            assert!(store.move_consumer(name, None, at).await.unwrap());
        }
        Janitor::new(Arc::clone(node.core())).unwrap().start();
        let counters = &node.core().counters;
        while store.events_floor().await.unwrap().position < sent
            || counters.event_consumers_late.get() == 0
        {
            tokio::task::yield_now().await;
        }
        let page = store.events_after(start, 9).await.unwrap();
        assert!(page.missed && page.events.is_empty());
        assert_eq!(counters.event_consumers_late.get(), 1);
        node.stop().await;
    }
}
