//! First contact: who asked whom, who likes whom, who is matched, and whom somebody need not be shown.

use std::time::Duration;

use crate::ids::{ConversationId, MatchId, MessageId, MessageRequestId, Timestamp, UserId};

/// Who may write to whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gate {
    /// Anybody to anybody.
    #[default]
    Open,
    /// Who isn't matched asks first ([`MessageRequest`]). Who was written to may answer, and is matched by it.
    Request,
    /// Only people who are matched, and who answers a request.
    Match,
}

/// The rules of first contact that a transaction is held against, in the store, at the moment it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactRules {
    /// Who may write to whom.
    pub gate: Gate,
    /// Under [`Gate::Request`]: who does this writes without asking (a premium plan), and is shown the other one no
    /// more in discovery.
    pub direct: bool,
    /// Whom a message in a direct conversation goes to. `None`: it is no direct message, or the gate is no matter.
    pub peer: Option<UserId>,
    /// What is stored of the text as long as the two are not matched.
    pub masked: Option<String>,
    /// A request that nobody answered for so long is over. `None`: never.
    pub request_ttl: Option<Duration>,
}

/// A request for first contact. Its text becomes the first message once it is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRequest {
    /// Which.
    pub id: MessageRequestId,
    /// Who asks.
    pub from: UserId,
    /// Whom.
    pub to: UserId,
    /// What they write.
    pub text: String,
    /// What the other one sees of it until it is accepted, if not all.
    pub masked: Option<String>,
    /// What became of it.
    pub status: RequestStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was answered.
    pub answered_at: Option<Timestamp>,
    /// The message that its text became, once accepted.
    pub message: Option<MessageId>,
    /// The conversation of the two, once accepted.
    pub conversation: Option<ConversationId>,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestStatus {
    /// Nothing yet.
    Pending,
    /// The two are matched.
    Accepted,
    /// Refused. Who asked isn't told, and goes on seeing it as pending.
    Declined,
    /// Taken back by who made it, or ended by a block.
    Withdrawn,
    /// Nobody answered in time.
    Expired,
}

/// Two people who may write to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// Which.
    pub id: MatchId,
    /// Both, in the order of their ids.
    pub pair: [UserId; 2],
    /// How it came about.
    pub kind: MatchKind,
    /// When.
    pub created_at: Timestamp,
    /// Their conversation, opened with the match if there was none.
    pub conversation: ConversationId,
}

impl Match {
    /// The other one. `None` if `user` isn't in it.
    pub fn other(&self, user: &UserId) -> Option<&UserId> {
        match &self.pair {
            [a, b] if a == user => Some(b),
            [a, b] if b == user => Some(a),
            _ => None,
        }
    }
}

/// How a match came about (CONTRACT S0-39 to S0-43).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MatchKind {
    /// Both like each other.
    MutualLike,
    /// A request was accepted.
    RequestAccepted,
    /// Somebody who had been asked, or written to, wrote back.
    Reply,
    /// Somebody who had been asked likes who asked.
    LikeAfterRequest,
}

/// How one person stands to another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tie {
    /// Their match, if they have one.
    pub matched: Option<Match>,
    /// The request between them that is pending, whoever made it; or that the first made and the second declined.
    pub request: Option<MessageRequest>,
    /// The first likes the second.
    pub liked: bool,
    /// The second likes the first.
    pub liked_back: bool,
    /// The second wrote to the first without being matched: the first may answer.
    pub written_to: bool,
}

/// Why somebody need not be shown to somebody in discovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HiddenBecause {
    /// Was written to directly (CONTRACT S0-38).
    Written,
    /// They parted: their match was ended (S0-50), or they block whom this is for (S0-48). Which of the two is not told:
    /// nobody learns from it that they are blocked.
    Removed,
    /// Is blocked by whom this is for.
    Blocked,
}

/// Somebody who need not be shown in discovery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// Who.
    pub user: UserId,
    /// Why: the newest reason. A block that is taken back leaves the others; one by them counts only if there is no
    /// other, so that it changes nothing for whom they were hidden from before.
    pub because: HiddenBecause,
    /// Since when.
    pub at: Timestamp,
}

/// What two people learn of each other by a transaction, beside what changes in their conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A request was made: for who is asked, and the other devices of who asks.
    Requested(MessageRequest),
    /// A request was accepted, declined or withdrawn. Who made it is told of the first alone, who was asked of all.
    Answered(MessageRequest),
    /// The two were matched.
    Matched(Match),
    /// They no longer are. Not told to who is blocked by it.
    Unmatched {
        /// The match that was.
        matched: Match,
        /// Who is not told.
        except: Option<UserId>,
    },
    /// For `from` alone: somebody need, or need not, be shown to them in discovery.
    Hidden {
        /// To whom.
        from: UserId,
        /// Who.
        user: UserId,
        /// Why; `None`: they are shown again.
        because: Option<HiddenBecause>,
    },
}
