//! Short words for what people have to do with each other.

use std::time::Duration;

use crate::{
    contacts::Lifetime,
    domain::{
        change::{Change, ChangeBody},
        contact::{
            ContactRules, Gate, HiddenBecause, Match, MessageRequest, Notice, RequestStatus, Tie,
        },
        message::Message,
    },
    ids::{ConversationId, MessageRequestId, UserId},
    store::{Outcome, Rejection, Transaction, Write},
    suite::{Scene, scene::send},
};

/// How long requests last where they do.
pub(super) const TTL: Duration = Duration::from_secs(3600);

pub(super) fn ask(user: &UserId, text: &str) -> Write {
    Write::Ask {
        user: user.clone(),
        text: text.to_owned(),
        masked: None,
        key: None,
    }
}

pub(super) fn accept(request: MessageRequestId) -> Write {
    let accept = true;
    Write::Answer { request, accept }
}

pub(super) fn decline(request: MessageRequestId) -> Write {
    let accept = false;
    Write::Answer { request, accept }
}

pub(super) fn withdraw(request: MessageRequestId) -> Write {
    Write::Withdraw { request }
}

pub(super) fn like(user: &UserId) -> Write {
    let on = true;
    Write::Like {
        user: user.clone(),
        on,
    }
}

pub(super) fn unlike(user: &UserId) -> Write {
    let on = false;
    Write::Like {
        user: user.clone(),
        on,
    }
}

pub(super) fn block(user: &UserId) -> Write {
    Write::Block {
        user: user.clone(),
        reason: None,
    }
}

pub(super) fn unblock(user: &UserId) -> Write {
    Write::Unblock { user: user.clone() }
}

/// Rules of a direct message to somebody.
pub(super) fn to(peer: &UserId, gate: Gate) -> ContactRules {
    ContactRules {
        gate,
        peer: Some(peer.clone()),
        ..ContactRules::default()
    }
}

/// The same of who writes without asking.
pub(super) fn premium(peer: &UserId) -> ContactRules {
    ContactRules {
        direct: true,
        ..to(peer, Gate::Request)
    }
}

/// What two people learn, and what changed.
pub(super) type Learned = (Vec<Notice>, Vec<Change>);

impl Scene {
    /// Without an end to requests.
    pub(super) fn forever(&self) -> Lifetime {
        Lifetime {
            at: self.now(),
            ttl: None,
        }
    }

    pub(super) async fn write_by(
        &self,
        by: &UserId,
        contact: ContactRules,
        write: Write,
    ) -> Result<Outcome, Rejection> {
        let transaction = self.transaction(by, write);
        self.commit(Transaction {
            contact,
            ..transaction
        })
        .await
    }

    /// A write that two people learn of.
    pub(super) async fn met(&self, by: &UserId, write: Write) -> Learned {
        self.met_by(by, ContactRules::default(), write).await
    }

    pub(super) async fn met_by(&self, by: &UserId, contact: ContactRules, write: Write) -> Learned {
        match self.write_by(by, contact, write.clone()).await {
            Ok(Outcome::Met { notices, changes }) => (notices, changes),
            other => panic!("{write:?} gave {other:?}"),
        }
    }

    /// A request that is taken.
    pub(super) async fn asked(&self, by: &UserId, write: Write) -> MessageRequest {
        let (notices, changes) = self.met(by, write).await;
        assert_eq!(changes, []);
        match &notices[..] {
            [Notice::Requested(request)] => request.clone(),
            other => panic!("{other:?}"),
        }
    }

    /// Matches two people by likes.
    pub(super) async fn match_of(&self, a: &UserId, b: &UserId) -> Match {
        self.done(a, like(b)).await;
        let (notices, _) = self.met(b, like(a)).await;
        matched(&notices).clone()
    }

    pub(super) async fn tie(&self, user: &UserId, other: &UserId) -> Tie {
        let tie = self.store.tie(user, other, self.forever()).await;
        tie.expect("reads")
    }

    pub(super) async fn status(&self, request: MessageRequestId) -> RequestStatus {
        self.status_within(request, self.forever()).await
    }

    pub(super) async fn status_within(
        &self,
        request: MessageRequestId,
        lifetime: Lifetime,
    ) -> RequestStatus {
        let request = self.store.message_request(request, lifetime).await;
        request
            .expect("reads")
            .expect("there is the request")
            .status
    }

    /// Who is hidden from somebody, and why.
    pub(super) async fn hidden_from(&self, user: &UserId) -> Vec<(UserId, HiddenBecause)> {
        let hidden = self.store.hidden(user, None, 100).await.expect("reads");
        let hidden = hidden.into_iter();
        hidden.map(|hidden| (hidden.user, hidden.because)).collect()
    }

    pub(super) async fn is_archived(&self, id: ConversationId) -> bool {
        let conversation = self.store.conversation(id).await.expect("reads");
        conversation.expect("there is the conversation").archived
    }

    /// The texts of a conversation with their authors.
    pub(super) async fn texts(&self, id: ConversationId) -> Vec<(UserId, String)> {
        let page = crate::store::MessagePage {
            from: crate::store::PageFrom::End,
            limit: 100,
        };
        let messages = self.store.messages(id, page).await.expect("reads");
        let messages = messages.into_iter();
        messages.map(|m| (m.author, m.content.text)).collect()
    }

    /// A direct message that is refused.
    pub(super) async fn kept_from(
        &self,
        by: &UserId,
        contact: ContactRules,
        write: Write,
        rejection: Rejection,
    ) {
        let outcome = self.write_by(by, contact, write.clone()).await;
        assert_eq!(outcome, Err(rejection), "{write:?}");
    }

    /// A direct message, and nothing else.
    pub(super) async fn says(
        &self,
        by: &UserId,
        contact: ContactRules,
        id: ConversationId,
        text: &str,
    ) -> Message {
        match self.write_by(by, contact, send(id, text)).await {
            Ok(Outcome::Changed(changes)) => last_sent(&changes).clone(),
            other => panic!("{text:?} gave {other:?}"),
        }
    }
}

/// The match that was made.
pub(super) fn matched(notices: &[Notice]) -> &Match {
    let matches = notices.iter().filter_map(|notice| match notice {
        Notice::Matched(matched) => Some(matched),
        _ => None,
    });
    let matches: Vec<_> = matches.collect();
    assert_eq!(matches.len(), 1, "{notices:?}");
    matches[0]
}

/// The request that was answered.
pub(super) fn answered(notices: &[Notice]) -> &MessageRequest {
    let answered = notices.iter().find_map(|notice| match notice {
        Notice::Answered(request) => Some(request),
        _ => None,
    });
    answered.unwrap_or_else(|| panic!("{notices:?}"))
}

/// Who learns who is hidden from them, and why.
pub(super) fn hidings(notices: &[Notice]) -> Vec<(&UserId, &UserId, Option<HiddenBecause>)> {
    let hidings = notices.iter().filter_map(|notice| match notice {
        Notice::Hidden {
            from,
            user,
            because,
        } => Some((from, user, *because)),
        _ => None,
    });
    hidings.collect()
}

/// The message of the last change, of several that stand in their order.
pub(super) fn last_sent(changes: &[Change]) -> &Message {
    assert!(changes.is_sorted_by(|a, b| a.position < b.position));
    match &changes.last().expect("something changed").body {
        ChangeBody::Sent(message) => message,
        other => panic!("{other:?}"),
    }
}
