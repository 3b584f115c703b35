//! The store's face towards requests, likes, matches and discovery.

use async_trait::async_trait;

use super::LocalStore;
use crate::{
    contacts::{Contacts, Lifetime, RequestPage},
    domain::contact::{Hidden, Match, MessageRequest, Tie},
    engine::contacts::reads,
    error::StoreError,
    ids::{MatchId, MessageRequestId, UserId},
};

#[async_trait]
impl Contacts for LocalStore {
    async fn tie(
        &self,
        user: &UserId,
        other: &UserId,
        lifetime: Lifetime,
    ) -> Result<Tie, StoreError> {
        let (user, other) = (user.clone(), other.clone());
        self.read(move |view| reads::tie(view, &user, &other, lifetime))
            .await
    }

    async fn message_request(
        &self,
        id: MessageRequestId,
        lifetime: Lifetime,
    ) -> Result<Option<MessageRequest>, StoreError> {
        self.read(move |view| reads::message_request(view, id, lifetime))
            .await
    }

    async fn message_requests(
        &self,
        user: &UserId,
        page: RequestPage,
        lifetime: Lifetime,
    ) -> Result<Vec<MessageRequest>, StoreError> {
        let user = user.clone();
        self.read(move |view| reads::message_requests(view, &user, page, lifetime))
            .await
    }

    async fn matched(&self, id: MatchId) -> Result<Option<Match>, StoreError> {
        self.read(move |view| reads::matched(view, id)).await
    }

    async fn matches(
        &self,
        user: &UserId,
        before: Option<MatchId>,
        limit: usize,
    ) -> Result<Vec<Match>, StoreError> {
        let user = user.clone();
        self.read(move |view| reads::matches(view, &user, before, limit))
            .await
    }

    async fn likes(
        &self,
        user: &UserId,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Vec<UserId>, StoreError> {
        let (user, after) = (user.clone(), after.cloned());
        self.read(move |view| reads::likes(view, &user, after.as_ref(), limit))
            .await
    }

    async fn hidden(
        &self,
        user: &UserId,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Vec<Hidden>, StoreError> {
        let (user, after) = (user.clone(), after.cloned());
        self.read(move |view| reads::hidden(view, &user, after.as_ref(), limit))
            .await
    }
}
