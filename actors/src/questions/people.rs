//! People, and who of them is there.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use parlour_storage::ids::UserId;

use crate::{
    command::{Caller, Card, Person, Presence, Reply, Target},
    error::{ErrorCode, Failure},
    limits::{LOOKED_AT_MAX, ONLINE_PAGE, PRESENCE_QUESTION_MAX},
    presence::{Everyone, ListOnline},
    scenes::Scenes,
    system::Core,
    visibility::Eyes,
};

impl Core {
    pub(super) async fn people(
        &self,
        caller: &Caller,
        of: Option<Target>,
    ) -> Result<Reply, Failure> {
        let (store, me) = (self.store_ref(), &caller.user);
        let users: BTreeSet<_> = match of {
            Some(target) => {
                let id = self.conversation_at(me, target).await?;
                let roster = store.roster(id).await?;
                let roster = roster.ok_or_else(Failure::no_conversation)?;
                roster.members.into_iter().map(|m| m.user).collect()
            }
            None => {
                let listed = store.listing(me).await?;
                listed.into_iter().filter_map(|l| l.peer).collect()
            }
        };
        bounded(users.len(), "ask for a page of conversations instead")?;
        let eyes = self.eyes(caller).await?;
        let persons = self.persons(&eyes, users).await?;
        Ok(Reply::People(persons.into_values().collect()))
    }

    pub(super) async fn online(&self, caller: &Caller) -> Result<Reply, Failure> {
        let eyes = self.eyes(caller).await?;
        let cards = if self.settings.presence_everyone {
            self.everyone().await?
        } else {
            self.contacts_online(&caller.user).await?
        };
        let may_know = cards.into_iter().filter(|card| eyes.may_meet(&card.user));
        Ok(Reply::Online(may_know.collect()))
    }

    async fn everyone(&self) -> Result<Vec<Arc<Card>>, Failure> {
        let mut everyone: Vec<Arc<Card>> = Vec::new();
        loop {
            let page = Everyone {
                after: everyone.last().map(|card| card.user.clone()),
                limit: ONLINE_PAGE,
            };
            let page = self.actors().presence.send(page).await;
            let page = page.map_err(|_| Failure::unavailable())?;
            let is_last = page.len() < ONLINE_PAGE;
            everyone.extend(page);
            bounded(everyone.len(), "ask for the presence of those you mean")?;
            if is_last {
                return Ok(everyone);
            }
        }
    }

    async fn contacts_online(&self, me: &UserId) -> Result<Vec<Arc<Card>>, Failure> {
        let members_max = self.settings.presence_group_members_max;
        let contacts = self.store_ref().contacts(me, members_max).await?;
        let online = self.are_online(contacts.clone()).await?;
        let there = contacts.into_iter().zip(online);
        let there: Vec<_> = there
            .filter_map(|(user, online)| online.then_some(user))
            .collect();
        let mut scenes = Scenes::default();
        scenes.add_people(self, there.iter().cloned()).await?;
        Ok(there.iter().map(|user| scenes.card(user)).collect())
    }

    pub(super) async fn presence_of(
        &self,
        caller: &Caller,
        users: Vec<UserId>,
    ) -> Result<Reply, Failure> {
        if users.len() > PRESENCE_QUESTION_MAX {
            let message = format!("at most {PRESENCE_QUESTION_MAX} people in one question");
            return Err(Failure::bad_value("users", message));
        }
        let me = &caller.user;
        let eyes = self.eyes(caller).await?;
        let mut known = Vec::new();
        for user in users {
            if user == *me || eyes.may_meet(&user) && self.store_ref().acquainted(me, &user).await?
            {
                known.push(user);
            }
        }
        let persons = self.persons(&eyes, known.iter().cloned().collect()).await?;
        let presence = known.into_iter().filter_map(|user| {
            let person = persons.get(&user)?;
            Some(Presence {
                online: person.online,
                last_seen: person.last_seen,
                user,
            })
        });
        Ok(Reply::Presence(presence.collect()))
    }

    /// People as `eyes` may see them. Those across a block look as if they were away.
    pub(super) async fn persons(
        &self,
        eyes: &Eyes,
        users: BTreeSet<UserId>,
    ) -> Result<BTreeMap<UserId, Person>, Failure> {
        let users: Vec<_> = users.into_iter().collect();
        let online = self.are_online(users.clone()).await?;
        let known = self.store_ref().users(&users).await?;
        // The store leaves out whom it doesn't know, and keeps the order.
        let mut known = known.into_iter().peekable();
        let persons = users.into_iter().zip(online).map(|(user, online)| {
            let record = known.next_if(|known| known.id == user);
            let may_meet = eyes.may_meet(&user);
            let last_seen = record.as_ref().and_then(|record| record.last_seen);
            let card = match record {
                Some(record) => Arc::new(Card::from(record)),
                None => Card::nameless(user.clone()),
            };
            let person = Person {
                card,
                online: online && may_meet,
                last_seen: last_seen.filter(|_| !online && may_meet),
            };
            (user, person)
        });
        Ok(persons.collect())
    }

    /// Which of some people are there, in their order.
    async fn are_online(&self, users: Vec<UserId>) -> Result<Vec<bool>, Failure> {
        let online = self.actors().presence.send(ListOnline { users }).await;
        online.map_err(|_| Failure::unavailable())
    }
}

fn bounded(n: usize, instead: &str) -> Result<(), Failure> {
    if n <= LOOKED_AT_MAX {
        return Ok(());
    }
    let message = format!("more than {LOOKED_AT_MAX} people for one answer; {instead}");
    Err(Failure::new(ErrorCode::TooLarge, message))
}
