//! First contact in the native protocol: the fields of its requests, and its objects as JSON.

use parlour_actors::{
    command::{
        Card, Command, ContactCommand, ContactQuestion, ContactReply, Question, Relation,
        ShownMatch, ShownRequest,
    },
    push::ContactNews,
};
use parlour_storage::{
    contacts::Direction,
    domain::contact::{Gate, Hidden},
    ids::{ConversationId, MatchId, MessageId, MessageRequestId, UserId},
};
use serde::{Deserialize, Serialize, ser::SerializeMap};

use super::{
    fields::PAGE_DEFAULT,
    scalar::{Id, Key, Number, User},
    wire::{Text, Time},
};
use crate::dialects::shape::{hidden_because, match_kind, request_status};

/// Asks somebody for a first contact.
#[derive(Debug, Deserialize)]
pub struct Ask {
    /// Whom.
    pub user: User,
    /// What to write to them.
    pub text: String,
    /// The client's name for the request.
    pub key: Option<Key>,
}

impl From<Ask> for Command {
    fn from(Ask { user, text, key }: Ask) -> Self {
        Self::Contact(ContactCommand::Ask {
            user: user.0,
            text,
            key: key.map(|key| key.0),
        })
    }
}

#[derive(Deserialize)]
pub(super) struct OfRequest {
    request: Id<MessageRequestId>,
}

impl OfRequest {
    pub(super) fn answer(self, accept: bool) -> Command {
        let request = self.request.0;
        Command::Contact(ContactCommand::Answer { request, accept })
    }

    pub(super) fn withdraw(self) -> Command {
        let request = self.request.0;
        Command::Contact(ContactCommand::Withdraw { request })
    }

    pub(super) fn into_question(self) -> Question {
        Question::Contact(ContactQuestion::Request(self.request.0))
    }
}

#[derive(Deserialize)]
pub(super) struct OfMatch {
    #[serde(rename = "match")]
    matched: Id<MatchId>,
}

impl OfMatch {
    pub(super) fn unmatch(self) -> Command {
        let matched = self.matched.0;
        Command::Contact(ContactCommand::Unmatch { matched })
    }
}

/// In which direction requests go.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum WireDirection {
    #[default]
    Both,
    Received,
    Sent,
}

/// A page of requests.
#[derive(Debug, Deserialize)]
pub struct RequestsPage {
    /// In which direction.
    #[serde(default)]
    pub direction: WireDirection,
    /// Only those that are pending.
    #[serde(default)]
    pub pending: bool,
    /// The `next` of the page before.
    pub before: Option<Id<MessageRequestId>>,
    /// At most so many.
    pub limit: Option<Number>,
}

impl RequestsPage {
    /// The question.
    pub fn into_question(self) -> Question {
        Question::Contact(ContactQuestion::Requests {
            direction: match self.direction {
                WireDirection::Both => Direction::Both,
                WireDirection::Received => Direction::Received,
                WireDirection::Sent => Direction::Sent,
            },
            pending: self.pending,
            before: self.before.map(|id| id.0),
            limit: limit(self.limit),
        })
    }
}

/// A page of matches.
#[derive(Debug, Deserialize)]
pub struct MatchesPage {
    /// The `next` of the page before.
    pub before: Option<Id<MatchId>>,
    /// At most so many.
    pub limit: Option<Number>,
}

impl MatchesPage {
    /// The question.
    pub fn into_question(self) -> Question {
        Question::Contact(ContactQuestion::Matches {
            before: self.before.map(|id| id.0),
            limit: limit(self.limit),
        })
    }
}

/// A page of people.
#[derive(Debug, Deserialize)]
pub struct PeoplePage {
    /// The `next` of the page before.
    pub after: Option<User>,
    /// At most so many.
    pub limit: Option<Number>,
}

impl PeoplePage {
    /// Whom the caller likes.
    pub fn of_likes(self) -> Question {
        Question::Contact(ContactQuestion::Likes {
            after: self.after.map(|user| user.0),
            limit: limit(self.limit),
        })
    }

    /// Who need not be shown to the caller.
    pub fn of_hidden(self) -> Question {
        Question::Contact(ContactQuestion::Hidden {
            after: self.after.map(|user| user.0),
            limit: limit(self.limit),
        })
    }
}

fn limit(given: Option<Number>) -> usize {
    given.map_or(PAGE_DEFAULT, |n| n.0)
}

/// Likes somebody, or no longer does.
pub fn like(user: UserId, on: bool) -> Command {
    Command::Contact(ContactCommand::Like { user, on })
}

/// How the caller stands to somebody.
pub fn relation(user: UserId) -> Question {
    Question::Contact(ContactQuestion::Relation(user))
}

#[derive(Serialize)]
pub(super) struct WireRequest<'a> {
    id: Text<MessageRequestId>,
    direction: &'static str,
    user: WireCard<'a>,
    text: &'a str,
    status: &'static str,
    created_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text<MessageId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation: Option<Text<ConversationId>>,
}

pub(super) fn request(
    ShownRequest {
        request,
        with,
        sent,
    }: &ShownRequest,
) -> WireRequest<'_> {
    WireRequest {
        id: Text(request.id),
        direction: if *sent { "sent" } else { "received" },
        user: card(with),
        text: &request.text,
        status: request_status(request.status),
        created_at: Time(request.created_at),
        answered_at: request.answered_at.map(Time),
        message: request.message.map(Text),
        conversation: request.conversation.map(Text),
    }
}

#[derive(Serialize)]
pub(super) struct WireMatch<'a> {
    id: Text<MatchId>,
    user: WireCard<'a>,
    kind: &'static str,
    conversation: Text<ConversationId>,
    created_at: Time,
}

pub(super) fn matched(ShownMatch { matched, with }: &ShownMatch) -> WireMatch<'_> {
    WireMatch {
        id: Text(matched.id),
        user: card(with),
        kind: match_kind(matched.kind),
        conversation: Text(matched.conversation),
        created_at: Time(matched.created_at),
    }
}

/// A person, as others see them.
#[derive(Serialize)]
pub(super) struct WireCard<'a> {
    id: &'a str,
    name: Option<&'a str>,
    picture: Option<&'a str>,
}

pub(super) fn card(card: &Card) -> WireCard<'_> {
    WireCard {
        id: card.user.as_str(),
        name: card.name.as_deref(),
        picture: card.picture.as_deref(),
    }
}

#[derive(Serialize)]
pub(super) struct WireHidden<'a> {
    user: &'a str,
    because: &'static str,
    at: Time,
}

pub(super) fn hidden(Hidden { user, because, at }: &Hidden) -> WireHidden<'_> {
    WireHidden {
        user: user.as_str(),
        because: hidden_because(*because),
        at: Time(*at),
    }
}

#[derive(Serialize)]
struct WireRelation<'a> {
    user: WireCard<'a>,
    gate: &'static str,
    may_write: bool,
    liked: bool,
    blocked: bool,
    #[serde(rename = "match")]
    matched: Option<WireTie>,
    request: Option<WireRequest<'a>>,
}

#[derive(Serialize)]
struct WireTie {
    id: Text<MatchId>,
    kind: &'static str,
}

fn wire_relation(relation: &Relation) -> WireRelation<'_> {
    WireRelation {
        user: card(&relation.with),
        gate: match relation.gate {
            Gate::Open => "open",
            Gate::Request => "request",
            Gate::Match => "match",
        },
        may_write: relation.may_write,
        liked: relation.liked,
        blocked: relation.blocked,
        matched: relation.matched.map(|(id, kind)| WireTie {
            id: Text(id),
            kind: match_kind(kind),
        }),
        request: relation.request.as_deref().map(request),
    }
}

/// The entries of an answer.
pub(super) fn answer<M: SerializeMap>(map: &mut M, reply: &ContactReply) -> Result<(), M::Error> {
    match reply {
        ContactReply::Request(one) => map.serialize_entry("request", &request(one)),
        ContactReply::Requests { requests, next } => {
            let list: Vec<_> = requests.iter().map(request).collect();
            map.serialize_entry("requests", &list)?;
            map.serialize_entry("next", &next.map(Text))
        }
        ContactReply::Answered {
            request: answered,
            matched: led_to,
        } => {
            map.serialize_entry("request", &request(answered))?;
            map.serialize_entry("match", &led_to.as_deref().map(matched))
        }
        ContactReply::Liked { matched: led_to } => {
            map.serialize_entry("match", &led_to.as_deref().map(matched))
        }
        ContactReply::Matches { matches, next } => {
            let list: Vec<_> = matches.iter().map(matched).collect();
            map.serialize_entry("matches", &list)?;
            map.serialize_entry("next", &next.map(Text))
        }
        ContactReply::Likes { users, next } => {
            let list: Vec<_> = users.iter().map(|liked| card(liked)).collect();
            map.serialize_entry("users", &list)?;
            map.serialize_entry("next", &next.as_ref().map(UserId::as_str))
        }
        ContactReply::Hidden { users, next } => {
            let list: Vec<_> = users.iter().map(hidden).collect();
            map.serialize_entry("users", &list)?;
            map.serialize_entry("next", &next.as_ref().map(UserId::as_str))
        }
        ContactReply::Relation(one) => map.serialize_entry("relation", &wire_relation(one)),
    }
}

/// The entries of an event, but for its type.
pub(super) fn news<M: SerializeMap>(map: &mut M, news: &ContactNews) -> Result<(), M::Error> {
    match news {
        ContactNews::Requested(one) | ContactNews::Answered(one) => {
            map.serialize_entry("request", &request(one))
        }
        ContactNews::Matched(one) | ContactNews::Unmatched(one) => {
            map.serialize_entry("match", &matched(one))
        }
        ContactNews::Hidden { user, because } => {
            map.serialize_entry("user", user.as_str())?;
            map.serialize_entry("because", &because.map(hidden_because))
        }
    }
}
