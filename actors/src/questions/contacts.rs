//! Requests, matches, likes and discovery, as one of the two people may see them.

use std::collections::BTreeSet;

use parlour_storage::{
    contacts::RequestPage,
    domain::contact::{ContactRules, Gate, MessageRequest, Tie},
    ids::{MatchId, MessageRequestId, UserId},
};

use super::{no_user, page};
use crate::{
    command::{Caller, ContactQuestion, ContactReply, Relation, Reply, ShownMatch, ShownRequest},
    error::Failure,
    moderation::rules,
    scenes::Scenes,
    system::Core,
    visibility::Eyes,
};

impl Core {
    pub(super) async fn contact(
        &self,
        caller: &Caller,
        question: ContactQuestion,
    ) -> Result<Reply, Failure> {
        let me = &caller.user;
        let reply = match question {
            ContactQuestion::Relation(other) => self.relation(caller, other).await?,
            ContactQuestion::Requests {
                direction,
                pending,
                before,
                limit,
            } => {
                let page = RequestPage {
                    direction,
                    pending,
                    before,
                    limit: page(limit)?,
                };
                self.requests(caller, page).await?
            }
            ContactQuestion::Request(id) => self.request(caller, id).await?,
            ContactQuestion::Matches { before, limit } => {
                self.matches(me, before, page(limit)?).await?
            }
            ContactQuestion::Likes { after, limit } => self.likes(me, after, page(limit)?).await?,
            ContactQuestion::Hidden { after, limit } => {
                let limit = page(limit)?;
                let store = self.store_ref();
                let mut users = store.hidden(me, after.as_ref(), limit + 1).await?;
                let more = ends_at(&mut users, limit);
                let next = users.last().filter(|_| more).map(|last| last.user.clone());
                ContactReply::Hidden { users, next }
            }
        };
        Ok(Reply::Contact(reply))
    }

    async fn relation(&self, caller: &Caller, other: UserId) -> Result<ContactReply, Failure> {
        let me = &caller.user;
        if other == *me {
            return Err(Failure::bad_value(
                "user",
                "this is you; name somebody else",
            ));
        }
        let tie = self.store_ref().tie(me, &other, self.lifetime()).await?;
        let eyes = self.eyes(caller).await?;
        if eyes.blocked_by(&other) {
            // As for `Question::User`: who blocks the caller isn't there.
            return Err(no_user());
        }
        let scenes = self.scenes_with([other.clone()]).await?;
        let rules = rules(caller, &self.settings.policy);
        let may_write = eyes.may_meet(&other) && may_write(&rules, &tie, me);
        let request = tie.request.filter(|request| is_shown(&eyes, me, request));
        let request = request.map(|r| Box::new(shown(me, r, &scenes)));
        Ok(ContactReply::Relation(Box::new(Relation {
            with: scenes.card(&other),
            gate: self.settings.policy.gate,
            may_write,
            liked: tie.liked,
            blocked: eyes.blocks(&other),
            matched: tie.matched.map(|matched| (matched.id, matched.kind)),
            request,
        })))
    }

    async fn requests(&self, caller: &Caller, page: RequestPage) -> Result<ContactReply, Failure> {
        let me = &caller.user;
        let limit = page.limit;
        let page = RequestPage {
            limit: limit + 1,
            ..page
        };
        let store = self.store_ref();
        let mut requests = store.message_requests(me, page, self.lifetime()).await?;
        let more = ends_at(&mut requests, limit);
        let next = requests.last().filter(|_| more).map(|last| last.id);
        let eyes = self.eyes(caller).await?;
        requests.retain(|request| is_shown(&eyes, me, request));
        let others = requests.iter().map(|request| other_of(request, me).clone());
        let scenes = self.scenes_with(others).await?;
        let requests = requests.into_iter().map(|r| shown(me, r, &scenes));
        Ok(ContactReply::Requests {
            requests: requests.collect(),
            next,
        })
    }

    async fn request(
        &self,
        caller: &Caller,
        id: MessageRequestId,
    ) -> Result<ContactReply, Failure> {
        let me = &caller.user;
        let found = self
            .store_ref()
            .message_request(id, self.lifetime())
            .await?;
        let found = found.filter(|request| request.from == *me || request.to == *me);
        let request = found.ok_or_else(Failure::no_request)?;
        if !is_shown(&self.eyes(caller).await?, me, &request) {
            return Err(Failure::no_request());
        }
        let scenes = self.scenes_with([other_of(&request, me).clone()]).await?;
        Ok(ContactReply::Request(Box::new(shown(me, request, &scenes))))
    }

    async fn matches(
        &self,
        me: &UserId,
        before: Option<MatchId>,
        limit: usize,
    ) -> Result<ContactReply, Failure> {
        let mut matches = self.store_ref().matches(me, before, limit + 1).await?;
        let more = ends_at(&mut matches, limit);
        let next = matches.last().filter(|_| more).map(|last| last.id);
        let others = matches.iter().filter_map(|matched| matched.other(me));
        let scenes = self.scenes_with(others.cloned()).await?;
        let matches = matches.into_iter().filter_map(|matched| {
            let with = scenes.card(matched.other(me)?);
            Some(ShownMatch { matched, with })
        });
        Ok(ContactReply::Matches {
            matches: matches.collect(),
            next,
        })
    }

    async fn likes(
        &self,
        me: &UserId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<ContactReply, Failure> {
        let store = self.store_ref();
        let mut users = store.likes(me, after.as_ref(), limit + 1).await?;
        let more = ends_at(&mut users, limit);
        let next = users.last().filter(|_| more).cloned();
        let scenes = self.scenes_with(users.iter().cloned()).await?;
        let users = users.iter().map(|user| scenes.card(user)).collect();
        Ok(ContactReply::Likes { users, next })
    }

    /// Who people are, read in one go.
    async fn scenes_with(
        &self,
        people: impl IntoIterator<Item = UserId>,
    ) -> Result<Scenes, Failure> {
        let people: BTreeSet<_> = people.into_iter().collect();
        let mut scenes = Scenes::default();
        scenes.add_people(self, people).await?;
        Ok(scenes)
    }
}

/// Ends a page at its limit. `true`: there was more.
fn ends_at<T>(page: &mut Vec<T>, limit: usize) -> bool {
    let more = page.len() > limit;
    page.truncate(limit);
    more
}

fn other_of<'a>(request: &'a MessageRequest, me: &UserId) -> &'a UserId {
    if request.from == *me {
        &request.to
    } else {
        &request.from
    }
}

fn shown(me: &UserId, request: MessageRequest, scenes: &Scenes) -> ShownRequest {
    let with = scenes.card(other_of(&request, me));
    ShownRequest::to(me, request, with)
}

/// Requests by people across a block are not shown. One's own stay: who made them isn't told of a block.
fn is_shown(eyes: &Eyes, me: &UserId, request: &MessageRequest) -> bool {
    request.from == *me || eyes.may_meet(&request.from) && eyes.may_hear(&request.from)
}

/// Whether the store would let somebody write now to whom they have a tie.
fn may_write(rules: &ContactRules, tie: &Tie, me: &UserId) -> bool {
    let asked = tie.request.as_ref().is_some_and(|r| r.from != *me);
    tie.matched.is_some()
        || asked
        || match rules.gate {
            Gate::Open => true,
            Gate::Request => rules.direct || tie.written_to,
            Gate::Match => false,
        }
}
