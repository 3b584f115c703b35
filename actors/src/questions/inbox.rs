//! A page of conversations by number, with the people in them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use parlour_storage::{
    domain::conversation::{ConversationKind, Summary},
    ids::{ConversationId, UserId},
    store::Listed,
};

use crate::{
    command::{Caller, Entry, InboxFilter, Reply, Target},
    error::Failure,
    limits::{LOOKED_AT_MAX, PEOPLE_SHOWN_MAX},
    scenes::Scenes,
    system::Core,
};

impl Core {
    pub(super) async fn inbox(
        &self,
        caller: &Caller,
        matching: InboxFilter,
        offset: usize,
        limit: usize,
    ) -> Result<Reply, Failure> {
        let (store, me) = (self.store_ref(), &caller.user);
        let mut listed = store.listing(me).await?;
        listed.retain(|listed| matching.groups || listed.peer.is_some());
        if matching.unread {
            let unread = store.unread(me).await?;
            let unread: HashSet<_> = unread.into_iter().map(|(id, _)| id).collect();
            listed.retain(|listed| unread.contains(&listed.conversation));
        }
        if let Some(search) = matching.search.filter(|search| !search.is_empty()) {
            let found = self.search(me, &listed, &search).await?;
            listed.retain(|listed| found.contains(&listed.conversation));
        }
        let total = listed.len();
        let mut summaries = Vec::with_capacity(limit.min(total));
        for Listed { conversation, .. } in listed.into_iter().skip(offset).take(limit) {
            // They may have left it meanwhile.
            summaries.extend(store.summary(conversation, me).await?);
        }
        let entries = self.entries(caller, summaries).await?;
        Ok(Reply::Inbox { entries, total })
    }

    pub(super) async fn entry(&self, caller: &Caller, target: Target) -> Result<Reply, Failure> {
        let me = &caller.user;
        let id = self.conversation_at(me, target).await?;
        let summary = self.store_ref().summary(id, me).await?;
        let mut entries = self.entries(caller, summary.into_iter().collect()).await?;
        let entry = entries.pop().ok_or_else(Failure::no_conversation)?;
        Ok(Reply::Entry(Box::new(entry)))
    }

    /// Adds to summaries the people, and what dialects tell of the newest message.
    async fn entries(
        &self,
        caller: &Caller,
        mut summaries: Vec<Summary>,
    ) -> Result<Vec<Entry>, Failure> {
        let me = &caller.user;
        let eyes = self.eyes(caller).await?;
        let (mut others, mut lasts) = (Vec::with_capacity(summaries.len()), Vec::new());
        for summary in &mut summaries {
            self.show_as_is_now(summary, &eyes);
            lasts.extend(summary.last_message.clone());
            others.push(match summary.conversation.peer_of(me) {
                Some(peer) => vec![peer.clone()],
                None => self.others(me, summary.conversation.id).await?,
            });
        }
        let people: BTreeSet<_> = others.iter().flatten().cloned().collect();
        let persons = self.persons(&eyes, people).await?;
        let lasts = self.items(me, &eyes, lasts).await?.into_iter();
        let mut lasts: BTreeMap<_, _> = lasts.map(|i| (i.message.conversation, i)).collect();
        let entries = summaries.into_iter().zip(others);
        let entries = entries.map(|(summary, others)| {
            let others = others.iter().filter_map(|user| persons.get(user));
            Entry {
                last: lasts.remove(&summary.conversation.id),
                others: others.cloned().collect(),
                summary,
            }
        });
        Ok(entries.collect())
    }

    /// The others in a group that lists name.
    async fn others(&self, me: &UserId, id: ConversationId) -> Result<Vec<UserId>, Failure> {
        let roster = self.store_ref().roster(id).await?;
        let members = roster.map(|roster| roster.members).unwrap_or_default();
        let others = members.into_iter().map(|m| m.user).filter(|u| u != me);
        Ok(others.take(PEOPLE_SHOWN_MAX).collect())
    }

    /// Those conversations whose name, or the name or id of whose people, has something in it.
    async fn search(
        &self,
        me: &UserId,
        listed: &[Listed],
        search: &str,
    ) -> Result<HashSet<ConversationId>, Failure> {
        let search = search.to_lowercase();
        let has_it = |text: &str| text.to_lowercase().contains(&search);
        let (mut found, mut others) = (HashSet::new(), Vec::new());
        let mut n_looked_at = 0;
        for Listed {
            conversation, peer, ..
        } in listed
        {
            let people = match peer {
                Some(peer) => vec![peer.clone()],
                None => {
                    let record = self.store_ref().conversation(*conversation).await?;
                    let Some(record) = record else { continue };
                    if matches!(&record.kind, ConversationKind::Group { name: Some(name) } if has_it(name))
                    {
                        found.insert(*conversation);
                    }
                    match record.n_members as usize {
                        n if n > PEOPLE_SHOWN_MAX => Vec::new(),
                        _ => self.others(me, *conversation).await?,
                    }
                }
            };
            n_looked_at += 1 + people.len();
            if n_looked_at > LOOKED_AT_MAX {
                let message = format!(
                    "a search looks through {LOOKED_AT_MAX} conversations and people at most, and you have more; go through the list by page instead"
                );
                return Err(Failure::bad_value("search", message));
            }
            others.extend(people.into_iter().map(|user| (*conversation, user)));
        }
        let mut scenes = Scenes::default();
        let people: BTreeSet<_> = others.iter().map(|(_, user)| user.clone()).collect();
        scenes.add_people(self, people).await?;
        for (conversation, user) in others {
            if has_it(user.as_str()) || has_it(scenes.card(&user).shown_name()) {
                found.insert(conversation);
            }
        }
        Ok(found)
    }
}
