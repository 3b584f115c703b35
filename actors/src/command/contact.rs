//! What can be asked about first contact: requests, likes, matches, discovery.

use std::sync::Arc;

use parlour_storage::{
    contacts::Direction,
    domain::contact::{Gate, Hidden, Match, MatchKind, MessageRequest, RequestStatus},
    ids::{IdempotencyKey, MatchId, MessageRequestId, UserId},
};

use super::Card;

/// A request that changes how two people stand to each other.
#[derive(Clone, Debug)]
pub enum ContactCommand {
    /// Asks somebody for a first contact. Answered by [`ContactReply::Request`].
    Ask {
        /// Whom.
        user: UserId,
        /// What to write to them.
        text: String,
        /// The client's name for this request.
        key: Option<IdempotencyKey>,
    },
    /// Accepts or declines a request. Answered by [`ContactReply::Answered`].
    Answer {
        /// Which.
        request: MessageRequestId,
        /// Accept, or decline.
        accept: bool,
    },
    /// Takes back a request of one's own. Answered by [`ContactReply::Request`].
    Withdraw {
        /// Which.
        request: MessageRequestId,
    },
    /// Likes somebody, or no longer does. Answered by [`ContactReply::Liked`].
    Like {
        /// Whom.
        user: UserId,
        /// Like, or take it back.
        on: bool,
    },
    /// Ends a match. Answered by [`Reply::Done`](super::Reply::Done).
    Unmatch {
        /// Which.
        matched: MatchId,
    },
}

/// A request that reads how people stand to each other.
#[derive(Clone, Debug)]
pub enum ContactQuestion {
    /// How the caller stands to somebody, and whether they may write to them. [`ContactReply::Relation`].
    Relation(UserId),
    /// The caller's requests, newest first. [`ContactReply::Requests`].
    Requests {
        /// In which direction.
        direction: Direction,
        /// Only those that are pending (or look so to the caller).
        pending: bool,
        /// Only those made before this one.
        before: Option<MessageRequestId>,
        /// At most so many; 1 to [`PAGE_MAX`](crate::limits::PAGE_MAX).
        limit: usize,
    },
    /// One request. [`ContactReply::Request`].
    Request(MessageRequestId),
    /// The caller's matches, newest first. [`ContactReply::Matches`].
    Matches {
        /// Only those made before this one.
        before: Option<MatchId>,
        /// At most so many; 1 to [`PAGE_MAX`](crate::limits::PAGE_MAX).
        limit: usize,
    },
    /// Whom the caller likes, in the order of ids. [`ContactReply::Likes`].
    Likes {
        /// Only those after this one.
        after: Option<UserId>,
        /// At most so many; 1 to [`PAGE_MAX`](crate::limits::PAGE_MAX).
        limit: usize,
    },
    /// Who need not be shown to the caller in discovery, in the order of ids. [`ContactReply::Hidden`].
    Hidden {
        /// Only those after this one.
        after: Option<UserId>,
        /// At most so many; 1 to [`PAGE_MAX`](crate::limits::PAGE_MAX).
        limit: usize,
    },
}

/// The answer to one of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContactReply {
    /// A request.
    Request(Box<ShownRequest>),
    /// A page of requests.
    Requests {
        /// Newest first.
        requests: Vec<ShownRequest>,
        /// Ask for those before this one to go on; `None` at the end.
        next: Option<MessageRequestId>,
    },
    /// A request was answered.
    Answered {
        /// The request.
        request: Box<ShownRequest>,
        /// The match that it led to.
        matched: Option<Box<ShownMatch>>,
    },
    /// Somebody is liked, or no longer.
    Liked {
        /// The match that it led to.
        matched: Option<Box<ShownMatch>>,
    },
    /// A page of matches.
    Matches {
        /// Newest first.
        matches: Vec<ShownMatch>,
        /// Ask for those before this one to go on; `None` at the end.
        next: Option<MatchId>,
    },
    /// A page of people whom the caller likes.
    Likes {
        /// In the order of ids.
        users: Vec<Arc<Card>>,
        /// Ask for those after this one to go on; `None` at the end.
        next: Option<UserId>,
    },
    /// A page of people who need not be shown to the caller.
    Hidden {
        /// In the order of ids.
        users: Vec<Hidden>,
        /// Ask for those after this one to go on; `None` at the end.
        next: Option<UserId>,
    },
    /// How the caller stands to somebody.
    Relation(Box<Relation>),
}

/// A request, as one of its two people may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownRequest {
    /// The request. To who made it, a declined one looks pending; to who is asked, a masked text stays so until they
    /// accept.
    pub request: MessageRequest,
    /// The other one.
    pub with: Arc<Card>,
    /// Whether the viewer made it.
    pub sent: bool,
}

impl ShownRequest {
    /// A request as `viewer`, who is one of its two people, may see it.
    pub fn to(viewer: &UserId, mut request: MessageRequest, with: Arc<Card>) -> Self {
        let sent = request.from == *viewer;
        if sent && request.status == RequestStatus::Declined {
            request.status = RequestStatus::Pending;
            request.answered_at = None;
        }
        if let Some(masked) = request.masked.take()
            && !sent
            && request.status != RequestStatus::Accepted
        {
            request.text = masked;
        }
        Self {
            request,
            with,
            sent,
        }
    }
}

/// A match, as one of its two people sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownMatch {
    /// The match.
    pub matched: Match,
    /// The other one.
    pub with: Arc<Card>,
}

/// How the caller stands to somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// Who.
    pub with: Arc<Card>,
    /// The node's gate.
    pub gate: Gate,
    /// The caller may write to them now.
    pub may_write: bool,
    /// The caller likes them. (Whether they like the caller is theirs to tell.)
    pub liked: bool,
    /// The caller blocks them.
    pub blocked: bool,
    /// Their match.
    pub matched: Option<(MatchId, MatchKind)>,
    /// The request between them that is pending.
    pub request: Option<Box<ShownRequest>>,
}
