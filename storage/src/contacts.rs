//! What a store tells of requests, likes, matches and discovery: a part of [`Store`](crate::store::Store).

use std::time::Duration;

use async_trait::async_trait;

use crate::{
    domain::contact::{Hidden, Match, MessageRequest, Tie},
    error::StoreError,
    ids::{MatchId, MessageRequestId, Timestamp, UserId},
};

/// Requests made by the user, made to them, or both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Both.
    #[default]
    Both,
    /// Made to them.
    Received,
    /// Made by them.
    Sent,
}

/// Which requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestPage {
    /// In which direction.
    pub direction: Direction,
    /// Only those that are pending. For who made them, declined ones are too.
    pub pending: bool,
    /// Only those made before this one.
    pub before: Option<MessageRequestId>,
    /// At most so many.
    pub limit: usize,
}

/// When requests are looked at, and how long they last: a request that is pending for too long reads as expired. So
/// does a declined one, which looks pending to who made it until then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lifetime {
    /// Now.
    pub at: Timestamp,
    /// How long a request is pending. `None`: until it is answered.
    pub ttl: Option<Duration>,
}

impl Lifetime {
    /// Whether a request made then has been pending for too long.
    pub(crate) fn is_over(self, created_at: Timestamp) -> bool {
        self.ttl.is_some_and(|ttl| {
            let ttl_ms = i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX);
            created_at.plus_ms(ttl_ms) <= self.at
        })
    }
}

/// What a store tells of requests, likes, matches and discovery. Errors are those of every read.
#[async_trait]
pub trait Contacts {
    /// How `user` stands to `other`. A request that `user` made and `other` declined is in it too: it looks pending.
    async fn tie(
        &self,
        user: &UserId,
        other: &UserId,
        lifetime: Lifetime,
    ) -> Result<Tie, StoreError>;

    /// A request, whoever asks for it.
    async fn message_request(
        &self,
        request: MessageRequestId,
        lifetime: Lifetime,
    ) -> Result<Option<MessageRequest>, StoreError>;

    /// A page of the user's requests, newest first, as they are stored: a declined one says so.
    async fn message_requests(
        &self,
        user: &UserId,
        page: RequestPage,
        lifetime: Lifetime,
    ) -> Result<Vec<MessageRequest>, StoreError>;

    /// A match, whoever asks for it.
    async fn matched(&self, id: MatchId) -> Result<Option<Match>, StoreError>;

    /// A page of the user's matches, newest first, made before one.
    async fn matches(
        &self,
        user: &UserId,
        before: Option<MatchId>,
        limit: usize,
    ) -> Result<Vec<Match>, StoreError>;

    /// A page of those whom the user likes, in the order of ids, after one.
    async fn likes(
        &self,
        user: &UserId,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Vec<UserId>, StoreError>;

    /// A page of those who need not be shown to the user in discovery, in the order of ids, after one. People across
    /// a block are among them, without saying who blocks whom.
    async fn hidden(
        &self,
        user: &UserId,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Vec<Hidden>, StoreError>;
}
