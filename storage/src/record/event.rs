//! Events, and those who follow them, as they are stored.
//!
//! Kind 80 was that of events before format 4, of which nothing ever wrote any.

use serde::{Deserialize, Serialize};

use crate::{
    codec::Record,
    domain::{
        contact::{HiddenBecause, Match, MessageRequest},
        event::{Asked, EventId},
        safety::Sanction,
    },
    events::DeadLetter,
    ids::{
        ConversationId, MatchId, MessageId, MessageRequestId, Position, ReportId, ScheduledId,
        Timestamp, UserId,
    },
    record::MatchKindV1,
};

stored_enum!(
    HiddenBecauseV1 = HiddenBecause {
        Written,
        Removed,
        Blocked
    }
);

record!(ConsumerV1, 81, 1);
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ConsumerV1 {
    pub(crate) position: Position,
    pub(crate) n: u16,
}

impl From<EventId> for ConsumerV1 {
    fn from(EventId { position, n }: EventId) -> Self {
        Self { position, n }
    }
}

impl From<ConsumerV1> for EventId {
    fn from(ConsumerV1 { position, n }: ConsumerV1) -> Self {
        Self { position, n }
    }
}

record!(HappenedV1, 82, 1);
/// Every event but a sent message, which is its own record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HappenedV1 {
    pub(crate) by: Option<UserId>,
    pub(crate) at: Timestamp,
    pub(crate) what: HappeningV1,
}

/// References, not what they name, wherever that can be edited, deleted or erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum HappeningV1 {
    Edited {
        conversation: ConversationId,
        message: MessageId,
    },
    Deleted {
        conversation: ConversationId,
        message: MessageId,
    },
    Purged {
        conversation: ConversationId,
        messages: Vec<MessageId>,
    },
    /// Any other change of a conversation.
    Changed {
        conversation: ConversationId,
        change: Position,
    },
    Blocked {
        user: UserId,
        conversation: Option<ConversationId>,
    },
    Unblocked {
        user: UserId,
    },
    Reported {
        report: ReportId,
    },
    Requested(AskedV1),
    Accepted {
        asked: AskedV1,
        message: Option<MessageId>,
        conversation: Option<ConversationId>,
    },
    Declined(AskedV1),
    Withdrawn(AskedV1),
    Matched {
        matched: MatchId,
        pair: [UserId; 2],
        kind: MatchKindV1,
        conversation: ConversationId,
    },
    Unmatched {
        matched: MatchId,
        pair: [UserId; 2],
        conversation: ConversationId,
    },
    /// `None`: they may be shown again.
    Discovery {
        from: UserId,
        user: UserId,
        because: Option<HiddenBecauseV1>,
    },
    Sanctioned {
        user: UserId,
        sanction: SanctionV1,
    },
    Online,
    Offline,
    /// A message that was to be sent later could not be.
    SendFailed {
        scheduled: ScheduledId,
        code: u16,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AskedV1 {
    pub(crate) request: MessageRequestId,
    pub(crate) from: UserId,
    pub(crate) to: UserId,
}

impl From<&MessageRequest> for AskedV1 {
    fn from(request: &MessageRequest) -> Self {
        Self {
            request: request.id,
            from: request.from.clone(),
            to: request.to.clone(),
        }
    }
}

impl From<AskedV1> for Asked {
    fn from(AskedV1 { request, from, to }: AskedV1) -> Self {
        Self { request, from, to }
    }
}

impl From<&Match> for HappeningV1 {
    fn from(matched: &Match) -> Self {
        Self::Matched {
            matched: matched.id,
            pair: matched.pair.clone(),
            kind: matched.kind.into(),
            conversation: matched.conversation,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SanctionV1 {
    Warn,
    Mute(Option<Timestamp>),
    Suspend(Option<Timestamp>),
    Ban,
    ShadowBan,
    Unmute,
    Reinstate,
    EndShadowBan,
}

impl From<Sanction> for SanctionV1 {
    fn from(sanction: Sanction) -> Self {
        match sanction {
            Sanction::Warn => Self::Warn,
            Sanction::Mute(until) => Self::Mute(until),
            Sanction::Suspend(until) => Self::Suspend(until),
            Sanction::Ban => Self::Ban,
            Sanction::ShadowBan => Self::ShadowBan,
            Sanction::Unmute => Self::Unmute,
            Sanction::Reinstate => Self::Reinstate,
            Sanction::EndShadowBan => Self::EndShadowBan,
        }
    }
}

impl From<SanctionV1> for Sanction {
    fn from(sanction: SanctionV1) -> Self {
        match sanction {
            SanctionV1::Warn => Self::Warn,
            SanctionV1::Mute(until) => Self::Mute(until),
            SanctionV1::Suspend(until) => Self::Suspend(until),
            SanctionV1::Ban => Self::Ban,
            SanctionV1::ShadowBan => Self::ShadowBan,
            SanctionV1::Unmute => Self::Unmute,
            SanctionV1::Reinstate => Self::Reinstate,
            SanctionV1::EndShadowBan => Self::EndShadowBan,
        }
    }
}

record!(EventFloorV1, 83, 1);
/// Events up to and including here were forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EventFloorV1 {
    pub(crate) position: Position,
    pub(crate) n: u16,
}

impl From<EventId> for EventFloorV1 {
    fn from(EventId { position, n }: EventId) -> Self {
        Self { position, n }
    }
}

impl From<EventFloorV1> for EventId {
    fn from(EventFloorV1 { position, n }: EventFloorV1) -> Self {
        Self { position, n }
    }
}

record!(DeadLetterV1, 84, 1);
/// An event that a consumer gave up on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeadLetterV1 {
    pub(crate) why: String,
    pub(crate) attempts: u32,
    pub(crate) at: Timestamp,
    pub(crate) revived: bool,
}

impl From<DeadLetter> for DeadLetterV1 {
    fn from(letter: DeadLetter) -> Self {
        Self {
            why: letter.why,
            attempts: letter.attempts,
            at: letter.at,
            revived: letter.revived,
        }
    }
}

impl DeadLetterV1 {
    pub(crate) fn into_domain(self, event: EventId) -> DeadLetter {
        DeadLetter {
            event,
            why: self.why,
            attempts: self.attempts,
            at: self.at,
            revived: self.revived,
        }
    }
}
