//! What two people are told of each other: who asked, who is matched, who no longer is.
//!
//! Notices come out of the store with what was written, and are told when that is durable. They belong to no
//! conversation, so they go past the rooms, to the connections of the people they concern, and have no place in the
//! order: a client that was away asks for its requests and matches.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parlour_storage::{
    domain::contact::{Match, MessageRequest, Notice, RequestStatus},
    error::{StoreError, StoreErrorKind},
    ids::UserId,
    store::{Outcome, Rejection, Write},
};

use crate::{
    command::{Card, ContactReply, Reply, ShownMatch, ShownRequest},
    error::Failure,
    outbox::ConnectionId,
    push::{ContactNews, Push},
    shadows::Shadows,
    system::Core,
    visibility::Audience,
};

/// How long it waits before it asks a store that is busy again.
const READ_AGAIN: Duration = Duration::from_millis(20);

/// What a request of first contact is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// It is none, and sends a message: whatever else changes by it, that is what it is answered with.
    Message,
    /// It is none.
    Otherwise,
    /// The request that was made or withdrawn.
    Request,
    /// The request that was answered, and the match.
    Answered,
    /// The match, if there is one with whom they like now.
    Liked(Option<UserId>),
    /// That it is done.
    Unmatched,
}

impl Asked {
    /// Whether whoever asked learns this by the answer.
    fn says(&self, news: &ContactNews) -> bool {
        match self {
            Self::Message | Self::Otherwise => false,
            Self::Request => matches!(news, ContactNews::Requested(_) | ContactNews::Answered(_)),
            Self::Answered => matches!(news, ContactNews::Answered(_) | ContactNews::Matched(_)),
            Self::Liked(_) => matches!(news, ContactNews::Matched(_)),
            Self::Unmatched => matches!(news, ContactNews::Unmatched(_)),
        }
    }
}

impl From<&Write> for Asked {
    fn from(write: &Write) -> Self {
        match write {
            Write::Ask { .. } | Write::Withdraw { .. } => Self::Request,
            Write::Answer { .. } => Self::Answered,
            Write::Like { user, on } => Self::Liked(on.then(|| user.clone())),
            Write::Unmatch { .. } => Self::Unmatched,
            Write::Send { .. } | Write::SendDue { .. } => Self::Message,
            _ => Self::Otherwise,
        }
    }
}

/// What has to be read to tell what a group of writes came to. Most groups need nothing.
#[derive(Debug, Default)]
pub(crate) struct Herald {
    people: HashMap<UserId, Arc<Card>>,
    /// Whom those are matched with who like somebody again, by who likes and who is liked.
    matched: HashMap<(UserId, UserId), Match>,
}

impl Herald {
    /// Reads who the people are that a group's outcomes name. What can't be read is told without.
    pub(crate) async fn read<'a>(
        core: &Core,
        group: impl Iterator<Item = (&'a Asked, &'a UserId)>,
        outcomes: &[Result<Outcome, Rejection>],
    ) -> Self {
        let store = core.store_ref();
        let mut herald = Self::default();
        let mut people = Vec::new();
        for ((asked, by), outcome) in group.zip(outcomes) {
            match (outcome, asked) {
                (Ok(Outcome::Met { notices, changes }), _) => {
                    people.extend(changes.iter().map(|change| change.by.clone()));
                    people.extend(notices.iter().flat_map(people_of).cloned());
                }
                (Ok(Outcome::Asked(request)), _) => {
                    people.extend([request.from.clone(), request.to.clone()]);
                }
                (Ok(Outcome::Unchanged), Asked::Liked(Some(user))) => {
                    let tie = patiently(async || store.tie(by, user, core.lifetime()).await);
                    if let Some(matched) = tie.await.and_then(|tie| tie.matched) {
                        people.push(user.clone());
                        herald.matched.insert((by.clone(), user.clone()), matched);
                    }
                }
                _ => {}
            }
        }
        if !people.is_empty() {
            people.sort_unstable();
            people.dedup();
            let users = patiently(async || store.users(&people).await).await;
            let cards = users
                .into_iter()
                .flatten()
                .map(|user| Arc::new(Card::from(user)));
            herald.people = cards.map(|card| (card.user.clone(), card)).collect();
        }
        herald
    }

    /// Somebody as others see them; of `by`, who made the write, their newest token tells.
    pub(crate) fn card(&self, user: &UserId, by: &Arc<Card>) -> Arc<Card> {
        if *user == by.user {
            return Arc::clone(by);
        }
        let card = self.people.get(user).map(Arc::clone);
        card.unwrap_or_else(|| Card::nameless(user.clone()))
    }

    /// What a request of first contact is answered with. `None`: it is none.
    pub(crate) fn answer(
        &self,
        asked: &Asked,
        by: &Arc<Card>,
        notices: &[Notice],
    ) -> Option<Result<Reply, Failure>> {
        let me = &by.user;
        let request = notices.iter().find_map(|notice| match notice {
            Notice::Requested(request) | Notice::Answered(request) => Some(request),
            _ => None,
        });
        let request = request.map(|r| Box::new(self.request_to(me, r, by)));
        let matched = notices.iter().find_map(|notice| match notice {
            Notice::Matched(matched) => Some(matched),
            _ => None,
        });
        let reply = match asked {
            Asked::Message | Asked::Otherwise => return None,
            Asked::Unmatched => return Some(Ok(Reply::Done)),
            Asked::Request => request.map(ContactReply::Request),
            Asked::Answered => request.map(|request| ContactReply::Answered {
                request,
                matched: matched.and_then(|m| self.match_to(me, m, by)),
            }),
            Asked::Liked(user) => {
                let known = user.as_ref().and_then(|user| {
                    let pair = (me.clone(), user.clone());
                    self.matched.get(&pair)
                });
                let matched = matched.or(known);
                Some(ContactReply::Liked {
                    matched: matched.and_then(|m| self.match_to(me, m, by)),
                })
            }
        };
        Some(reply.map(Reply::Contact).ok_or_else(Failure::internal))
    }

    /// The answer to who made a request again.
    pub(crate) fn asked(&self, by: &Arc<Card>, request: &MessageRequest) -> Reply {
        let request = Box::new(self.request_to(&by.user, request, by));
        Reply::Contact(ContactReply::Request(request))
    }

    /// Tells notices to all connections of the people they concern, but for the one whose answer says the same.
    pub(crate) fn tell(
        &self,
        core: &Core,
        notices: &[Notice],
        (asked, asked_by): (&Asked, Option<ConnectionId>),
        by: &Arc<Card>,
        audience: &Audience,
    ) {
        for notice in notices {
            for (viewer, news) in self.news(notice, by, audience, &core.shadows) {
                let answered = asked_by.filter(|_| asked.says(&news));
                let push = Push::Contact(news);
                for connection in core.registry.connections_of(viewer) {
                    if Some(connection.outbox.id()) != answered
                        && let Some(frame) = connection.encode(core.epoch(), &push)
                    {
                        // One that is still being brought up to date asks for itself.
                        connection.outbox.push_live(frame);
                    }
                }
            }
        }
    }

    /// Who is told what of a notice.
    fn news<'a>(
        &self,
        notice: &'a Notice,
        by: &Arc<Card>,
        audience: &Audience,
        shadows: &Shadows,
    ) -> Vec<(&'a UserId, ContactNews)> {
        let mut news = Vec::with_capacity(2);
        match notice {
            Notice::Requested(request) | Notice::Answered(request) => {
                let is_new = matches!(notice, Notice::Requested(_));
                let tell = |viewer: &'a UserId| {
                    let shown = Box::new(self.request_to(viewer, request, by));
                    if is_new {
                        (viewer, ContactNews::Requested(shown))
                    } else {
                        (viewer, ContactNews::Answered(shown))
                    }
                };
                // To who made it, a declined one goes on looking pending.
                if is_new || request.status == RequestStatus::Accepted {
                    news.push(tell(&request.from));
                }
                // Whoever doesn't hear its maker, for a ban or a block, is not told that it was taken back either, nor
                // that they accepted it by writing to them.
                let hears = if request.to == by.user {
                    !shadows.veil(&request.from, request.created_at)
                } else {
                    audience.may_hear(&request.to)
                };
                if hears {
                    news.push(tell(&request.to));
                }
            }
            Notice::Matched(matched) => {
                for viewer in &matched.pair {
                    let shown = self.match_to(viewer, matched, by);
                    news.extend(shown.map(|shown| (viewer, ContactNews::Matched(shown))));
                }
            }
            Notice::Unmatched { matched, except } => {
                let told = matched.pair.iter();
                for viewer in told.filter(|viewer| except.as_ref() != Some(*viewer)) {
                    let shown = self.match_to(viewer, matched, by);
                    news.extend(shown.map(|shown| (viewer, ContactNews::Unmatched(shown))));
                }
            }
            Notice::Hidden {
                from,
                user,
                because,
            } => {
                let (user, because) = (user.clone(), *because);
                news.push((from, ContactNews::Hidden { user, because }));
            }
        }
        news
    }

    fn request_to(
        &self,
        viewer: &UserId,
        request: &MessageRequest,
        by: &Arc<Card>,
    ) -> ShownRequest {
        let other = if request.from == *viewer {
            &request.to
        } else {
            &request.from
        };
        ShownRequest::to(viewer, request.clone(), self.card(other, by))
    }

    fn match_to(
        &self,
        viewer: &UserId,
        matched: &Match,
        by: &Arc<Card>,
    ) -> Option<Box<ShownMatch>> {
        let with = self.card(matched.other(viewer)?, by);
        let matched = matched.clone();
        Some(Box::new(ShownMatch { matched, with }))
    }
}

/// Whom a notice names.
fn people_of(notice: &Notice) -> Vec<&UserId> {
    match notice {
        Notice::Requested(request) | Notice::Answered(request) => vec![&request.from, &request.to],
        Notice::Matched(matched) | Notice::Unmatched { matched, .. } => {
            matched.pair.iter().collect()
        }
        // Told by id.
        Notice::Hidden { .. } => Vec::new(),
    }
}

/// Reads, and asks again if the store is busy: what is told can't be refused. `None`: it can't be read.
async fn patiently<T>(read: impl AsyncFn() -> Result<T, StoreError>) -> Option<T> {
    loop {
        match read().await {
            Ok(read) => return Some(read),
            Err(error) if error.kind == StoreErrorKind::Busy => {
                tokio::time::sleep(READ_AGAIN).await
            }
            Err(error) => {
                tracing::error!(%error, "who was met could not be read; they are shown without name");
                return None;
            }
        }
    }
}
