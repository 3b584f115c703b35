//! Follows the events, has the store notify people, and hands on what is new.
//!
//! Its place is written down from time to time. What is done again after a crash changes nothing in the store, so each
//! message becomes one notification; a device may then miss a push that was about to be tried.

use std::{sync::Arc, time::Duration};

use futures_util::stream::{self, StreamExt};
use parlour_storage::{
    domain::{
        event::EventId,
        notification::{Notification, NotificationBody, NotificationId, Notified},
    },
    error::{StoreError, StoreErrorKind},
    events::{EventPage, Follower},
    ids::{ConversationId, Position, UserId},
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout},
};

use super::plan::{Personal, Plan, Touched};
use crate::{limits::PAGE_MAX, push::Push, system::Core};

/// Its name among those who follow.
const NAME: &str = "notifier";
/// Events looked at together.
const PAGE: usize = 256;
/// People of a conversation notified in one step: some milliseconds of the writer's time.
const STEP: usize = 32;
/// Conversations looked at at once.
const AT_ONCE: usize = 16;
/// How long it lets its place lie behind in the store.
const KEEP_AFTER: Duration = Duration::from_secs(1);
/// How long it lets things happen before it looks: who is away can wait as long, and however much happens in a
/// conversation meanwhile, it is looked at once.
const GATHER: Duration = Duration::from_millis(250);
/// How long it waits before it asks a store that is busy again.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// Follows until the store is closed.
pub(super) async fn follow(core: Arc<Core>, devices: Option<mpsc::Sender<Notified>>) {
    let place = loop {
        match begin(&core).await {
            Ok(place) => break place,
            Err(error) if error.kind == StoreErrorKind::Busy => sleep(ASK_AGAIN).await,
            Err(error) => return ended(&error),
        }
    };
    let follower = Follower::new(core.store(), place);
    let mut following = Following {
        core,
        devices,
        follower,
        kept: place,
        kept_at: Instant::now(),
        is_ahead: false,
    };
    loop {
        match following.step().await {
            Ok(()) => {}
            Err(error) if error.kind == StoreErrorKind::Busy => sleep(ASK_AGAIN).await,
            Err(error) => return ended(&error),
        }
    }
}

fn ended(error: &StoreError) {
    if error.kind.is_damage() {
        tracing::error!(%error, "nobody is notified any more: the events can't be read");
    }
}

/// Where it stood. Who is new is told of nothing that was before.
async fn begin(core: &Core) -> Result<EventId, StoreError> {
    let store = core.store_ref();
    if let Some(place) = store.consumer(NAME).await? {
        return Ok(place);
    }
    let place = EventId::through(store.head());
    store.move_consumer(NAME, None, place).await?;
    Ok(place)
}

struct Following {
    core: Arc<Core>,
    /// Who tells devices, if anybody does.
    devices: Option<mpsc::Sender<Notified>>,
    follower: Follower,
    /// Where it stands in the store.
    kept: EventId,
    kept_at: Instant,
    /// It is done with more than that.
    is_ahead: bool,
}

impl Following {
    async fn step(&mut self) -> Result<(), StoreError> {
        let before = self.follower.at();
        let page = if self.is_ahead {
            let left = KEEP_AFTER.saturating_sub(self.kept_at.elapsed());
            match timeout(left, self.follower.next(PAGE)).await {
                Ok(page) => page?,
                Err(_quiet) => return self.keep().await,
            }
        } else {
            self.follower.next(PAGE).await?
        };
        let (more, through) = (page.more, page.through);
        self.core
            .notifier_behind
            .set(page.events.first().map(|event| event.id));
        if let Err(error) = self.take(page).await {
            // The same once more.
            self.follower.go_to(before);
            return Err(error);
        }
        self.core.notifier_behind.set(more.then_some(through));
        self.is_ahead = true;
        if !more {
            sleep(GATHER).await;
        }
        Ok(())
    }

    /// Writes down how far it is.
    async fn keep(&mut self) -> Result<(), StoreError> {
        let (store, at) = (self.core.store(), self.follower.at());
        if store.move_consumer(NAME, Some(self.kept), at).await? {
            self.kept = at;
        } else {
            // Somebody put it elsewhere.
            self.kept = begin(&self.core).await?;
            self.follower.go_to(self.kept);
        }
        self.kept_at = Instant::now();
        self.is_ahead = false;
        Ok(())
    }

    async fn take(&self, page: EventPage) -> Result<(), StoreError> {
        if page.missed {
            tracing::warn!("events were forgotten before people were notified of them");
        }
        let plan = Plan::of(page.events);
        // Several at once share the commits. All of them come to their end: who is notified in the store is told.
        let looks = plan
            .conversations
            .into_iter()
            .map(|(id, touched)| self.look_at(id, touched));
        let looks: Vec<_> = stream::iter(looks)
            .buffer_unordered(AT_ONCE)
            .map(passing_over_damage)
            .collect()
            .await;
        looks.into_iter().collect::<Result<(), _>>()?;
        for (by, user) in plan.blocks {
            passing_over_damage(self.hide(&by, &user).await)?;
        }
        for personal in plan.personal {
            passing_over_damage(self.tell_of(personal).await)?;
        }
        Ok(())
    }

    /// Notifies those members of a conversation who are not there. Whoever is, is told by it itself.
    async fn look_at(&self, id: ConversationId, touched: Touched) -> Result<(), StoreError> {
        let store = self.core.store_ref();
        let Some(roster) = store.roster(id).await? else {
            return Ok(());
        };
        if touched.withdrawn {
            let members: Vec<_> = roster.members.iter().map(|m| m.user.clone()).collect();
            // Few of them were notified: the others are only looked up.
            for step in members.chunks(STEP) {
                store.withdraw_notifications(id, step).await?;
            }
        }
        let Some((first, last)) = touched.sent else {
            return Ok(());
        };
        let waits = roster
            .members
            .into_iter()
            .filter(|member| member.cursor.read < last && self.is_away(&member.user));
        let mut began = Instant::now();
        let users: Vec<_> = waits.map(|member| member.user).collect();
        for (n, step) in users.chunks(STEP).enumerate() {
            if n > 0 {
                rest(began).await;
            }
            began = Instant::now();
            let told = store
                .notify(id, first..=last, step, self.core.now())
                .await?;
            for notified in told {
                self.tell(notified).await?;
            }
        }
        Ok(())
    }

    fn is_away(&self, user: &UserId) -> bool {
        self.core.registry.connections_of(user).is_empty()
    }

    /// Takes back what somebody is notified of by a person whom they block now.
    async fn hide(&self, by: &UserId, user: &UserId) -> Result<(), StoreError> {
        let (store, mut before) = (self.core.store_ref(), None);
        loop {
            let page = store.notifications(by, before, PAGE_MAX).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            before = Some(last.id);
            for notification in page {
                if let NotificationBody::Message {
                    conversation,
                    author,
                    ..
                } = notification.body
                    && author == *user
                    && !notification.read
                {
                    let users = std::slice::from_ref(by);
                    store.withdraw_notifications(conversation, users).await?;
                }
            }
        }
    }

    /// Tells somebody what the store notified them of, in the transaction that an event tells of.
    async fn tell_of(&self, personal: Personal) -> Result<(), StoreError> {
        let Personal { user, event, news } = personal;
        let after = event.position.get().saturating_add(1);
        let before = Position::new(after).unwrap_or(Position::MAX);
        let before = Some(NotificationId(before));
        // There are few of one transaction, and the event comes right behind them.
        let page = self
            .core
            .store_ref()
            .notifications(&user, before, 4)
            .await?;
        let mut page = page.into_iter();
        // Who brought it about, or is asked by somebody who is shown to nobody, has none of it.
        match page.find(|notification| news.is_in(&notification.body)) {
            Some(notification) if !notification.read => {
                self.tell(Notified { user, notification }).await
            }
            _ => Ok(()),
        }
    }

    async fn tell(&self, notified: Notified) -> Result<(), StoreError> {
        let counters = &self.core.counters;
        counters.notifications.add_one();
        let Notified { user, notification } = &notified;
        if !self.is_away(user) {
            return tell_live(&self.core, user, notification.clone()).await;
        }
        if let Some(devices) = &self.devices {
            // Nobody takes it once the node stops.
            let _stopped = devices.send(notified).await;
        }
        Ok(())
    }
}

/// Tells somebody over all of their connections.
async fn tell_live(
    core: &Core,
    user: &UserId,
    notification: Notification,
) -> Result<(), StoreError> {
    let unread = core.store_ref().unread_notifications(user).await?;
    for notification in core.named(user, vec![notification]).await? {
        let notification = Box::new(notification);
        let push = Push::Notified {
            notification,
            unread,
        };
        core.tell_connections(user, &push);
    }
    Ok(())
}

/// One that can't be read is no reason to tell nobody any more.
fn passing_over_damage(done: Result<(), StoreError>) -> Result<(), StoreError> {
    match done {
        Err(error) if error.kind.is_damage() => {
            tracing::error!(%error, "somebody is not notified");
            Ok(())
        }
        done => done,
    }
}

/// Others' writes come first, however many are to be notified.
async fn rest(began: Instant) {
    sleep(began.elapsed()).await;
}
