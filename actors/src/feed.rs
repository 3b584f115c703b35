//! Events for those who run the node: following them, having them sent again, and what was given up.
//!
//! What is told is the store's to say, and how it is written the edge's. Here is who may ask, and how many at once.

use std::{sync::Arc, time::Duration};

use parlour_storage::{
    domain::event::EventId,
    error::StoreErrorKind,
    events::{DeadLetter, EventPage, Follower},
};
use tokio::sync::OwnedSemaphorePermit;

use crate::{
    command::Caller,
    error::{ErrorCode, Failure},
    limits::PAGE_MAX,
    system::Core,
};

/// Who follows the feed at once on a node. One more is answered `BUSY`.
pub(crate) const FEEDS_AT_ONCE: usize = 16;

/// How long a store that is busy is left alone.
const BUSY_PAUSE: Duration = Duration::from_millis(200);

/// What the names of those consumers begin with that send events to others, and can be made to send them again.
pub const WEBHOOKS: &str = "webhook-";

/// From where on somebody follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// What happens from now on.
    Now,
    /// Everything that wasn't forgotten.
    Oldest,
    /// What happened after an event.
    After(EventId),
}

/// Somebody who follows.
#[derive(Debug)]
pub struct Feed {
    follower: Follower,
    _permit: OwnedSemaphorePermit,
}

impl Feed {
    /// Where they are.
    pub fn at(&self) -> EventId {
        self.follower.at()
    }

    /// The next events; waits until there are any, and until a store that is busy has time.
    ///
    /// # Errors
    ///
    /// The node stops, or some were forgotten before they were taken.
    pub async fn next(&mut self) -> Result<EventPage, Failure> {
        let page = loop {
            match self.follower.next(PAGE_MAX).await {
                Err(error) if error.kind == StoreErrorKind::Busy => {
                    tokio::time::sleep(BUSY_PAUSE).await;
                }
                page => break page?,
            }
        };
        if page.missed {
            Err(forgotten())
        } else {
            Ok(page)
        }
    }
}

/// A consumer, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consumer {
    /// What it is called.
    pub name: String,
    /// Everything up to here is done with.
    pub through: EventId,
}

/// What is to be sent once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// Everything from an event on, that one too. `None`: everything that wasn't forgotten.
    From(Option<EventId>),
    /// The events that were given up.
    Dead,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// Whose.
    pub consumer: String,
    /// It goes on after here. `None`: it stays where it is.
    pub rewound: Option<EventId>,
    /// So many dead letters are tried again.
    pub n_revived: u64,
}

impl Core {
    /// Follows events, for an admin.
    ///
    /// # Errors
    ///
    /// The caller is no admin, the feed is off, too many follow already, or what they ask for was forgotten.
    pub async fn follow(
        self: &Arc<Self>,
        caller: &Arc<Caller>,
        start: Start,
    ) -> Result<Feed, Failure> {
        self.must_be_admin(caller).await?;
        if !self.settings.events_feed {
            return Err(Failure::new(
                ErrorCode::NotImplemented,
                "this node tells no events; the option events.feed turns it on",
            ));
        }
        let permit = Arc::clone(&self.feeds).try_acquire_owned();
        let permit = permit.map_err(|_| Failure::busy())?;
        let (store, floor) = (self.store(), self.store_ref().events_floor().await?);
        let after = match start {
            Start::Now => EventId::through(store.head()),
            Start::Oldest => floor,
            Start::After(event) if event < floor => return Err(forgotten()),
            Start::After(event) => event,
        };
        Ok(Feed {
            follower: Follower::new(store, after),
            _permit: permit,
        })
    }

    /// Who follows, and keeps their place in the store.
    ///
    /// # Errors
    ///
    /// The caller is no admin.
    pub async fn consumers_for(&self, caller: &Arc<Caller>) -> Result<Vec<Consumer>, Failure> {
        self.must_be_admin(caller).await?;
        self.consumers().await
    }

    /// Who follows, and keeps their place in the store.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn consumers(&self) -> Result<Vec<Consumer>, Failure> {
        let consumers = self.store_ref().consumers().await?.into_iter();
        let consumers = consumers.map(|(name, through)| Consumer { name, through });
        Ok(consumers.collect())
    }

    /// What a consumer gave up on, for an admin.
    ///
    /// # Errors
    ///
    /// The caller is no admin, or there is no such consumer.
    pub async fn dead_letters_for(
        &self,
        caller: &Arc<Caller>,
        consumer: &str,
        after: Option<EventId>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, Failure> {
        self.must_be_admin(caller).await?;
        self.dead_letters(consumer, after, limit).await
    }

    /// What a consumer gave up on.
    ///
    /// # Errors
    ///
    /// There is no such consumer.
    pub async fn dead_letters(
        &self,
        consumer: &str,
        after: Option<EventId>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, Failure> {
        self.must_know(consumer).await?;
        let limit = limit.min(PAGE_MAX);
        Ok(self
            .store_ref()
            .dead_letters(consumer, after, limit)
            .await?)
    }

    async fn must_know(&self, consumer: &str) -> Result<(), Failure> {
        let is_name = consumer.len() <= usize::from(u8::MAX);
        if is_name && self.store_ref().consumer(consumer).await?.is_some() {
            return Ok(());
        }
        let message = "nobody of this name follows events; GET /v1/events/consumers lists who does";
        Err(Failure::new(ErrorCode::NoConsumer, message))
    }

    /// Has events sent once more, for an admin.
    ///
    /// # Errors
    ///
    /// The caller is no admin, there is no such consumer, or what they ask for was forgotten.
    pub async fn replay_for(
        &self,
        caller: &Arc<Caller>,
        consumer: Option<&str>,
        replay: Replay,
    ) -> Result<Vec<Replayed>, Failure> {
        self.must_be_admin(caller).await?;
        self.replay(consumer, replay).await
    }

    /// Has events sent once more by a consumer, or by all webhooks: never by those that nobody named and that tell
    /// people, who would be told twice.
    ///
    /// # Errors
    ///
    /// There is no such consumer, or what is asked for was forgotten.
    pub async fn replay(
        &self,
        consumer: Option<&str>,
        replay: Replay,
    ) -> Result<Vec<Replayed>, Failure> {
        let store = self.store_ref();
        let floor = store.events_floor().await?;
        let to = match replay {
            Replay::From(Some(event)) if event.before() < floor => return Err(forgotten()),
            Replay::From(Some(event)) => Some(event.before()),
            Replay::From(None) => Some(floor),
            Replay::Dead => None,
        };
        if let Some(name) = consumer {
            self.must_know(name).await?;
        }
        let mut replayed = Vec::new();
        for Consumer { name, through } in self.consumers().await? {
            let is_meant = match consumer {
                Some(consumer) => name == consumer,
                None => name.starts_with(WEBHOOKS),
            };
            if !is_meant {
                continue;
            }
            // Only back: who is sent ahead would miss what is between. Where it stands is written from time to time, so it
            // may have sent more than that: whatever is asked for, it is put to another place, and begins there anew.
            let rewound = to.map(|to| to.min(through.before()).max(floor));
            let rewound = rewound.filter(|to| *to < through);
            if let Some(to) = rewound {
                store.rewind_consumer(&name, to).await?;
            }
            let n_revived = match replay {
                Replay::Dead => self.revive_all(&name).await?,
                Replay::From(_) => 0,
            };
            replayed.push(Replayed {
                consumer: name,
                rewound,
                n_revived,
            });
        }
        Ok(replayed)
    }

    async fn revive_all(&self, consumer: &str) -> Result<u64, Failure> {
        let (store, mut after, mut n) = (self.store_ref(), None, 0);
        loop {
            let letters = store.dead_letters(consumer, after, PAGE_MAX).await?;
            let Some(last) = letters.last() else {
                return Ok(n);
            };
            after = Some(last.event);
            for letter in letters {
                // One that is gone meanwhile has been delivered, or forgotten.
                n += u64::from(store.revive(consumer, letter.event).await?);
            }
        }
    }
}

/// What was asked for isn't there any more.
pub fn forgotten() -> Failure {
    Failure::new(
        ErrorCode::EventsForgotten,
        "events from there on were forgotten, as events.age says; begin with the oldest that are left, or with new ones",
    )
}

#[cfg(test)]
mod tests {
    use parlour_storage::{
        domain::message::Content,
        ids::{Timestamp, UserId},
        local::Options,
        memory_store::MemoryStore,
        store::{Outcome, Store, Transaction, Write},
    };
    use tokio::sync::Semaphore;

    use super::*;

    async fn write(store: &dyn Store, writes: impl Iterator<Item = Write>) -> Vec<Outcome> {
        let ann = UserId::new("ann").unwrap();
        let group = writes.map(|write| Transaction::new(Timestamp::now(), ann.clone(), write));
        let outcomes = store.commit(group.collect()).await.unwrap();
        outcomes.into_iter().map(Result::unwrap).collect()
    }

    #[actix::test]
    async fn a_feed_waits_for_a_store_that_is_busy() {
        let options = Options {
            reader_threads: 1,
            read_queue_max: 1,
            ..Options::default()
        };
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new(options).unwrap());
        let with = UserId::new("bob").unwrap();
        let opened = write(&*store, std::iter::once(Write::OpenDirect { with })).await;
        let Outcome::Changed(changes) = &opened[0] else {
            panic!("{opened:?}")
        };
        let conversation = changes[0].conversation;
        let send = |n: u32| Write::Send {
            conversation,
            content: Content {
                text: n.to_string(),
                ..Content::default()
            },
            key: None,
            attachments: Vec::new(),
        };
        write(&*store, (0..500).map(send)).await;
        let permit = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        let mut feed = Feed {
            follower: Follower::new(Arc::clone(&store), EventId::default()),
            _permit: permit,
        };
        // One is being read, and one waits; there is no room for a third.
        for _ in 0..10 {
            let store = Arc::clone(&store);
            actix::spawn(async move { store.all_messages(None, 500).await.map(drop) });
        }
        tokio::task::yield_now().await;
        assert!(!feed.next().await.unwrap().events.is_empty());
    }
}
