//! The store's face towards who exports and erases.

use async_trait::async_trait;

use super::LocalStore;
use crate::{
    domain::{event::EventId, safety::Report},
    engine::personal,
    error::StoreError,
    ids::{ConversationId, Position, ReportId, Seq, UserId},
    personal::{Holdings, Mentions, Part, Personal, Reacted, Stay, Written},
};

#[async_trait]
impl Personal for LocalStore {
    async fn stays(&self, user: &UserId) -> Result<Vec<Stay>, StoreError> {
        let user = user.clone();
        self.read(move |view| personal::stays(view, &user)).await
    }

    async fn written_by(
        &self,
        user: &UserId,
        id: ConversationId,
        from: Seq,
    ) -> Result<Part<Written, Seq>, StoreError> {
        let user = user.clone();
        self.read(move |view| personal::written_by(view, &user, id, from))
            .await
    }

    async fn reacted_by(
        &self,
        user: &UserId,
        id: ConversationId,
        from: Position,
    ) -> Result<Part<Reacted, Position>, StoreError> {
        let user = user.clone();
        self.read(move |view| personal::reacted_by(view, &user, id, from))
            .await
    }

    async fn events_by(
        &self,
        user: &UserId,
        after: EventId,
    ) -> Result<Part<EventId, EventId>, StoreError> {
        let user = user.clone();
        self.read(move |view| personal::events_by(view, &user, after))
            .await
    }

    async fn reports_by(
        &self,
        user: &UserId,
        before: Option<ReportId>,
    ) -> Result<Part<Report, ReportId>, StoreError> {
        let user = user.clone();
        self.read(move |view| personal::reports_by(view, &user, before))
            .await
    }

    async fn holdings(&self, user: &UserId) -> Result<Holdings, StoreError> {
        let user = user.clone();
        self.read(move |view| personal::holdings(view, &user)).await
    }

    async fn mentions(&self, user: &UserId) -> Result<Mentions, StoreError> {
        let user = user.clone();
        self.read(move |view| personal::mentions(view, &user)).await
    }
}
