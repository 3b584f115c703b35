//! What somebody is notified of, and how: theirs alone.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use parlour_storage::{domain::notification::Notification, error::StoreError};

use super::page;
use crate::{
    command::{Caller, Card, NoticeQuestion, NoticeReply, Reply, ShownNotification},
    error::Failure,
    system::Core,
};

impl Core {
    pub(super) async fn notice_answer(
        &self,
        caller: &Caller,
        question: NoticeQuestion,
    ) -> Result<Reply, Failure> {
        let (store, me) = (self.store_ref(), &caller.user);
        let reply = match question {
            NoticeQuestion::List { before, limit } => {
                let limit = page(limit)?;
                // One more than asked for tells whether there is more.
                let mut list = store.notifications(me, before, limit + 1).await?;
                let more = list.len() > limit;
                list.truncate(limit);
                let next = list.last().filter(|_| more).map(|last| last.id);
                NoticeReply::Notifications {
                    items: self.named(list).await?,
                    next,
                    unread: store.unread_notifications(me).await?,
                }
            }
            NoticeQuestion::Unread => NoticeReply::Unread(store.unread_notifications(me).await?),
            NoticeQuestion::DoNotDisturb => {
                NoticeReply::DoNotDisturb(store.do_not_disturb(me).await?)
            }
            NoticeQuestion::PushKey => {
                let pusher = self.pusher();
                let key = pusher.as_ref().and_then(|pusher| pusher.key());
                NoticeReply::PushKey(key.ok_or_else(Failure::push_off)?.to_owned())
            }
            NoticeQuestion::PushTargets => NoticeReply::PushTargets(store.push_targets(me).await?),
        };
        Ok(Reply::Notice(reply))
    }

    /// Adds the names of those who caused notifications.
    pub(crate) async fn named(
        &self,
        list: Vec<Notification>,
    ) -> Result<Vec<ShownNotification>, StoreError> {
        let people: BTreeSet<_> = list.iter().filter_map(|one| one.body.who()).collect();
        let people: Vec<_> = people.into_iter().cloned().collect();
        let users = self.store_ref().users(&people).await?.into_iter();
        let cards: HashMap<_, _> = users
            .map(|user| (user.id.clone(), Arc::new(Card::from(user))))
            .collect();
        let shown = list.into_iter().map(|notification| {
            let who = notification.body.who().map(|user| {
                let known = cards.get(user).map(Arc::clone);
                known.unwrap_or_else(|| Card::nameless(user.clone()))
            });
            ShownNotification { notification, who }
        });
        Ok(shown.collect())
    }
}
