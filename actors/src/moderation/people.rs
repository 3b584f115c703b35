//! Whom Moderation knows: loaded from the store on demand, with what is still on its way there.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use parlour_storage::{
    error::StoreError,
    ids::{Timestamp, UserId},
    store::{LimiterState, Store},
};

use super::{
    Moderation, Review,
    noted::Noted,
    person::{Known, Person},
};
use crate::{
    command::Reply, error::Failure, limits::PARKED_PER_USER_MAX, presence::SetBlock, reply::ReplyTo,
};

/// The people, and what was noted of them.
#[derive(Debug, Default)]
pub(super) struct People {
    slots: HashMap<UserId, Slot>,
    /// What is on its way to the store, in the order it was reviewed in: whoever is loaded now may not find it there
    /// yet.
    unsettled: BTreeMap<u64, Unsettled>,
    /// Number of the next load, or of what is noted next.
    next: u64,
}

#[derive(Debug)]
enum Slot {
    Loading(Loading),
    Known(Box<Person>),
}

#[derive(Debug)]
struct Loading {
    /// Which load is waited for. The answer to an earlier one is out of date.
    number: u64,
    /// Requests that came meanwhile.
    parked: Vec<Review>,
    /// What the answer may not know of yet, in order.
    changes: Vec<Noted>,
    /// The person as known so far, if something that was noted of them was not written.
    before: Option<Box<Person>>,
}

/// Something on its way to the store.
#[derive(Debug)]
struct Unsettled {
    noted: Noted,
    /// What came of it, and who is to be told.
    settled: Option<(ReplyTo, Result<Reply, Failure>)>,
}

impl People {
    /// Somebody who is known.
    pub(super) fn known(&mut self, user: &UserId) -> Option<&mut Person> {
        match self.slots.get_mut(user) {
            Some(Slot::Known(person)) => Some(person),
            _ => None,
        }
    }

    /// Somebody is known from here on, without being loaded.
    #[cfg(feature = "paths")]
    pub(super) fn know(&mut self, user: UserId, person: Person) {
        self.slots.insert(user, Slot::Known(Box::new(person)));
    }

    /// Forgets those who did nothing for a while, to be loaded again on demand.
    pub(super) fn forget(&mut self, now: Timestamp, since: Duration) {
        self.slots
            .retain(|_, slot| !matches!(slot, Slot::Known(person) if person.is_idle(now, since)));
    }

    fn number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }
}

impl Moderation {
    /// Has a request reviewed once its caller is known. Requests of one person stay in their order.
    pub(super) fn receive(&mut self, review: Review, ctx: &mut Context<Self>) {
        let user = review.caller.user.clone();
        match self.people.slots.get_mut(&user) {
            Some(Slot::Known(_)) => self.review(review, ctx),
            Some(Slot::Loading(loading)) if loading.parked.len() < PARKED_PER_USER_MAX => {
                loading.parked.push(review)
            }
            Some(Slot::Loading(_)) => review.reply.answer(Err(Failure::busy())),
            None => self.load(user, vec![review], None, ctx),
        }
    }

    fn load(
        &mut self,
        user: UserId,
        parked: Vec<Review>,
        before: Option<Box<Person>>,
        ctx: &mut Context<Self>,
    ) {
        let number = self.people.number();
        let unsettled = self.people.unsettled.values().map(|change| &change.noted);
        let loading = Loading {
            number,
            parked,
            changes: unsettled
                .filter(|noted| noted.people().contains(&&user))
                .cloned()
                .collect(),
            before,
        };
        self.people
            .slots
            .insert(user.clone(), Slot::Loading(loading));
        let store = self.core.store();
        let of = user.clone();
        let load = async move { read(&*store, &of).await };
        ctx.spawn(
            load.into_actor(self)
                .map(move |loaded, this, ctx| this.loaded(user, number, loaded, ctx)),
        );
    }

    fn loaded(
        &mut self,
        user: UserId,
        number: u64,
        loaded: Result<(Known, Vec<LimiterState>), StoreError>,
        ctx: &mut Context<Self>,
    ) {
        let loading = match self.people.slots.remove(&user) {
            Some(Slot::Loading(loading)) if loading.number == number => loading,
            Some(other) => {
                self.people.slots.insert(user, other);
                return;
            }
            None => return,
        };
        match loaded {
            Ok((known, limits)) => {
                let person = self.person(&user, known, limits, loading.before, &loading.changes);
                self.people.slots.insert(user, Slot::Known(person));
                for review in loading.parked {
                    self.review(review, ctx);
                }
            }
            Err(error) => {
                let failure = Failure::from(error);
                for review in loading.parked {
                    review.reply.answer(Err(failure.clone()));
                }
            }
        }
    }

    /// Puts together what is stored of a person and what is on its way there.
    fn person(
        &self,
        user: &UserId,
        known: Known,
        limits: Vec<LimiterState>,
        before: Option<Box<Person>>,
        changes: &[Noted],
    ) -> Box<Person> {
        let Some(mut person) = before else {
            let receipts = self.core.settings.policy.receipts;
            let mut person = Box::new(Person::new(known, limits, receipts));
            changes.iter().for_each(|change| person.note(user, change));
            return person;
        };
        let told = Arc::clone(&person.audience().blocks);
        person.reload(known);
        changes.iter().for_each(|change| person.note(user, change));
        // Presence was told of a block that did not come to be, or to end.
        for other in told.symmetric_difference(&person.audience().blocks) {
            self.core.tell_presence(SetBlock {
                by: user.clone(),
                other: other.clone(),
                on: !told.contains(other),
            });
        }
        person
    }

    /// Makes something hold from here on: what is reviewed after it meets it, what was reviewed before is ahead of
    /// it on the way to the store. Returns whom the archive is to answer.
    pub(super) fn note(
        &mut self,
        noted: Noted,
        reply: ReplyTo,
        ctx: &mut Context<Self>,
    ) -> ReplyTo {
        for user in noted.people() {
            match self.people.slots.get_mut(user) {
                Some(Slot::Known(person)) => person.note(user, &noted),
                Some(Slot::Loading(loading)) => loading.changes.push(noted.clone()),
                None => {}
            }
        }
        noted.begin(&self.core);
        let number = self.people.number();
        let unsettled = Unsettled {
            noted,
            settled: None,
        };
        self.people.unsettled.insert(number, unsettled);
        let (to_us, answer) = ReplyTo::task();
        ctx.spawn(answer.into_actor(self).map(move |answer, this, ctx| {
            let result = answer.unwrap_or_else(|_| Err(Failure::internal()));
            if let Some(unsettled) = this.people.unsettled.get_mut(&number) {
                unsettled.settled = Some((reply, result));
            }
            this.settle(ctx);
        }));
        to_us
    }

    /// The archive is done with something. What it did takes effect in the order it was reviewed in: a context looks
    /// at answers in any order.
    fn settle(&mut self, ctx: &mut Context<Self>) {
        while let Some(first) = self.people.unsettled.first_entry()
            && first.get().settled.is_some()
        {
            let Unsettled { noted, settled } = first.remove();
            let Some((reply, result)) = settled else {
                continue;
            };
            if result.is_ok() {
                noted.take_effect(&self.core);
            } else {
                self.load_again(noted.people(), ctx);
            }
            reply.answer(result);
        }
    }

    /// What is known of people is out of date: the store tells how it is.
    pub(super) fn load_again<'a>(
        &mut self,
        users: impl IntoIterator<Item = &'a UserId>,
        ctx: &mut Context<Self>,
    ) {
        for user in users {
            match self.people.slots.remove(user) {
                Some(Slot::Known(person)) => self.load(user.clone(), Vec::new(), Some(person), ctx),
                Some(Slot::Loading(Loading { parked, before, .. })) => {
                    self.load(user.clone(), parked, before, ctx)
                }
                None => {}
            }
        }
    }
}

async fn read(store: &dyn Store, user: &UserId) -> Result<(Known, Vec<LimiterState>), StoreError> {
    let preferences = store.preferences(std::slice::from_ref(user)).await?;
    let known = Known {
        blocks: store.blocks_of(user).await?,
        standing: store.standing(user).await?,
        preferences: preferences.into_iter().next().unwrap_or_default(),
    };
    Ok((known, store.limits_of(user).await?))
}
