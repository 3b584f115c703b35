//! The store's face towards requests, likes, matches and discovery.

use async_trait::async_trait;

use super::LocalStore;
use crate::{
    contacts::{Contacts, Lifetime, RequestPage},
    domain::contact::{Hidden, Match, MessageRequest, Tie},
    error::StoreError,
    ids::{MatchId, MessageRequestId, UserId},
};

#[async_trait]
impl Contacts for LocalStore {
    async fn tie(&self, _: &UserId, _: &UserId, _: Lifetime) -> Result<Tie, StoreError> {
        Ok(Tie::default())
    }

    async fn message_request(
        &self,
        _: MessageRequestId,
        _: Lifetime,
    ) -> Result<Option<MessageRequest>, StoreError> {
        Ok(None)
    }

    async fn message_requests(
        &self,
        _: &UserId,
        _: RequestPage,
        _: Lifetime,
    ) -> Result<Vec<MessageRequest>, StoreError> {
        Ok(Vec::new())
    }

    async fn matched(&self, _: MatchId) -> Result<Option<Match>, StoreError> {
        Ok(None)
    }

    async fn matches(
        &self,
        _: &UserId,
        _: Option<MatchId>,
        _: usize,
    ) -> Result<Vec<Match>, StoreError> {
        Ok(Vec::new())
    }

    async fn likes(
        &self,
        _: &UserId,
        _: Option<&UserId>,
        _: usize,
    ) -> Result<Vec<UserId>, StoreError> {
        Ok(Vec::new())
    }

    async fn hidden(
        &self,
        _: &UserId,
        _: Option<&UserId>,
        _: usize,
    ) -> Result<Vec<Hidden>, StoreError> {
        Ok(Vec::new())
    }
}
