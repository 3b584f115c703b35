//! The values that the dialects' shapes are made of: ids in both spellings, people, moments (CONTRACT C-11, S0-13).

use parlour_actors::{
    command::{Entry, Item},
    error::{ErrorCode, Failure},
    push::Push,
};
use parlour_storage::{
    domain::{
        contact::{HiddenBecause, MatchKind, RequestStatus},
        conversation::{Conversation, ConversationKind},
        message::MessageKind,
        safety::ReportStatus,
    },
    ids::{ConversationId, MatchId, MessageId, MessageRequestId, Timestamp, UserId},
};
use serde_json::Value;

/// A moment, in whole seconds, as every seed writes it.
pub fn time(at: Timestamp) -> Value {
    let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::MAX);
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into()
}

/// A moment, or null.
pub fn maybe_time(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, time)
}

/// A message's id as the integer dialects print it.
pub fn message_number(id: MessageId) -> Value {
    id.get().into()
}

/// A conversation's id as the integer dialects print it.
pub fn conversation_number(id: ConversationId) -> Value {
    id.get().into()
}

/// A message's id as the UUID dialects print it.
pub fn message_uuid(id: MessageId) -> Value {
    id.to_uuid().to_string().into()
}

/// A conversation's id as the UUID dialects print it.
pub fn conversation_uuid(id: ConversationId) -> Value {
    id.to_uuid().to_string().into()
}

/// A message request's id as the UUID dialects print it.
pub fn request_uuid(id: MessageRequestId) -> Value {
    id.to_uuid().to_string().into()
}

/// A match's id as the UUID dialects print it.
pub fn match_uuid(id: MatchId) -> Value {
    id.to_uuid().to_string().into()
}

/// A person's id as the integer dialects print it: a number if it is one, below 2^53 and written without leading zeros.
pub fn user_number(user: &UserId) -> Value {
    match canonical(user.as_str()) {
        Some(number) => number.into(),
        None => user.as_str().into(),
    }
}

/// The number that a text is the usual spelling of, if a JavaScript number can hold it.
pub fn canonical(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number < 1 << 53 && number.to_string() == text).then_some(number)
}

/// What sort of message it is, as `native` and `gateway` write it.
pub fn kind(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Text => "TEXT",
        MessageKind::File => "FILE",
        MessageKind::Image => "IMAGE",
        MessageKind::Video => "VIDEO",
        MessageKind::Audio => "AUDIO",
        MessageKind::System => "SYSTEM",
    }
}

/// What became of a request for first contact.
pub fn request_status(status: RequestStatus) -> &'static str {
    match status {
        RequestStatus::Pending => "pending",
        RequestStatus::Accepted => "accepted",
        RequestStatus::Declined => "declined",
        RequestStatus::Withdrawn => "withdrawn",
        RequestStatus::Expired => "expired",
    }
}

/// How a match came about.
pub fn match_kind(kind: MatchKind) -> &'static str {
    match kind {
        MatchKind::MutualLike => "mutual_like",
        MatchKind::RequestAccepted => "request_accepted",
        MatchKind::Reply => "reply",
        MatchKind::LikeAfterRequest => "like_after_request",
    }
}

/// Why somebody need not be shown in discovery.
pub fn hidden_because(because: HiddenBecause) -> &'static str {
    match because {
        HiddenBecause::Written => "written",
        HiddenBecause::Removed => "removed",
        HiddenBecause::Blocked => "blocked",
    }
}

/// How far a report or a flag is.
pub fn report_status(status: ReportStatus) -> &'static str {
    match status {
        ReportStatus::Pending => "pending",
        ReportStatus::Reviewing => "reviewing",
        ReportStatus::Actioned => "actioned",
        ReportStatus::Dismissed => "dismissed",
    }
}

/// The pair of a direct conversation; `None` for groups.
pub fn pair(conversation: &Conversation) -> Option<&[UserId; 2]> {
    match &conversation.kind {
        ConversationKind::Direct { pair } => Some(pair),
        ConversationKind::Group { .. } => None,
    }
}

/// Whether something is told of a direct conversation, or of none: all that dialects without groups tell.
pub fn is_for_two(push: &Push) -> bool {
    match push {
        Push::Change(_, about)
        | Push::Veiled(_, about)
        | Push::Typing { about, .. }
        | Push::Joined { about, .. } => pair(&about.conversation).is_some(),
        Push::Presence { .. }
        | Push::Online(_)
        | Push::Contact(_)
        | Push::SendFailed(_)
        | Push::Warned { .. }
        | Push::Notified { .. } => true,
    }
}

/// For whom a message of a direct conversation is.
pub fn receiver(item: &Item) -> Option<&UserId> {
    item.about.conversation.peer_of(&item.message.author)
}

/// When something was last written in a conversation, or when it was opened.
pub fn last_activity(entry: &Entry) -> Timestamp {
    let last = entry.last.as_ref().map(|item| item.message.sent_at);
    last.unwrap_or(entry.summary.conversation.created_at)
}

/// What a later version will do, and this one can't yet.
pub fn not_yet(what: &str) -> Failure {
    Failure::new(
        ErrorCode::NotImplemented,
        format!("{what} is not in this version of the node yet"),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_user_is_a_number_only_if_nothing_is_lost_by_it() {
        let shown = |text: &str| user_number(&UserId::new(text).unwrap());
        assert_eq!(shown("42"), json!(42));
        assert_eq!(shown("0"), json!(0));
        for text in ["007", "+7", "-7", "9007199254740992", "7 ", "alice"] {
            assert_eq!(shown(text), json!(text));
        }
    }
}
