//! Requests, likes, matches and what is hidden, as they are stored.

use serde::{Deserialize, Serialize};

use crate::{
    codec::Record,
    contacts::Lifetime,
    domain::contact::{HiddenBecause, Match, MatchKind, MessageRequest, RequestStatus},
    ids::{ConversationId, MatchId, MessageId, MessageRequestId, Timestamp, UserId},
};

stored_enum!(
    RequestStatusV1 = RequestStatus {
        Pending,
        Accepted,
        Declined,
        Withdrawn,
        Expired
    }
);
stored_enum!(
    MatchKindV1 = MatchKind {
        MutualLike,
        RequestAccepted,
        Reply,
        LikeAfterRequest
    }
);

record!(TieV1, 112, 1);
/// What two people have to do with each other, beside likes. Stays when nothing is left of it: a pair without this
/// record never had a match, so that their conversation can't be archived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TieV1 {
    pub(crate) matched: Option<MatchId>,
    /// The newest request between them that is pending, or was declined and looks so to who made it.
    pub(crate) request: Option<MessageRequestId>,
    /// Whether the one with the smaller id wrote to the other without being matched, and the reverse.
    pub(crate) wrote: [bool; 2],
}

record!(MessageRequestV1, 113, 1, LARGE: true);
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MessageRequestV1 {
    pub(crate) from: UserId,
    pub(crate) to: UserId,
    pub(crate) text: String,
    pub(crate) masked: Option<String>,
    pub(crate) status: RequestStatusV1,
    pub(crate) created_at: Timestamp,
    pub(crate) answered_at: Option<Timestamp>,
    pub(crate) message: Option<MessageId>,
    pub(crate) conversation: Option<ConversationId>,
}

impl MessageRequestV1 {
    /// As it stands at a time: see [`Lifetime`].
    pub(crate) fn status(&self, lifetime: Lifetime) -> RequestStatus {
        match self.status.into() {
            RequestStatus::Pending | RequestStatus::Declined
                if lifetime.is_over(self.created_at) =>
            {
                RequestStatus::Expired
            }
            status => status,
        }
    }

    pub(crate) fn into_domain(self, id: MessageRequestId, lifetime: Lifetime) -> MessageRequest {
        let status = self.status(lifetime);
        MessageRequest {
            id,
            from: self.from,
            to: self.to,
            text: self.text,
            masked: self.masked,
            status,
            created_at: self.created_at,
            // Nobody answered one that expired, as far as its maker knows.
            answered_at: self
                .answered_at
                .filter(|_| status != RequestStatus::Expired),
            message: self.message,
            conversation: self.conversation,
        }
    }
}

record!(RequestOfV1, 114, 1);
/// Finds a request from the side of one of its people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RequestOfV1 {
    pub(crate) sent: bool,
}

record!(MatchV1, 115, 1);
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MatchV1 {
    pub(crate) pair: [UserId; 2],
    pub(crate) kind: MatchKindV1,
    pub(crate) created_at: Timestamp,
    pub(crate) conversation: ConversationId,
}

impl MatchV1 {
    pub(crate) fn into_domain(self, id: MatchId) -> Match {
        Match {
            id,
            pair: self.pair,
            kind: self.kind.into(),
            created_at: self.created_at,
            conversation: self.conversation,
        }
    }
}

record!(MatchOfV1, 116, 1);
/// Finds a match from the side of one of its people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MatchOfV1;

record!(LikeV1, 117, 1);
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LikeV1 {
    pub(crate) at: Timestamp,
}

record!(HiddenV1, 118, 1);
/// Since when somebody need not be shown, for each reason but blocks, which have records of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HiddenV1 {
    pub(crate) written: Option<Timestamp>,
    pub(crate) unmatched: Option<Timestamp>,
}

impl HiddenV1 {
    /// The newest reason; a block by whom it is for, if there is one, counts with its time.
    pub(crate) fn newest(&self, blocked: Option<Timestamp>) -> Option<(Timestamp, HiddenBecause)> {
        let reasons = [
            (self.written, HiddenBecause::Written),
            (self.unmatched, HiddenBecause::Removed),
            (blocked, HiddenBecause::Blocked),
        ];
        let reasons = reasons
            .into_iter()
            .filter_map(|(at, because)| Some((at?, because)));
        reasons.max_by_key(|(at, _)| *at)
    }
}
