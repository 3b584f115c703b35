//! The store's face towards what people keep for later.

use async_trait::async_trait;

use super::LocalStore;
use crate::{
    domain::scheduled::{Scheduled, Template},
    engine::{scheduled, templates},
    error::StoreError,
    ids::{ScheduledId, UserId},
    scheduled::{DuePlace, Later},
};

#[async_trait]
impl Later for LocalStore {
    async fn scheduled_of(&self, user: &UserId) -> Result<Vec<Scheduled>, StoreError> {
        let user = user.clone();
        self.read(move |view| scheduled::list(view, &user)).await
    }

    async fn scheduled(
        &self,
        user: &UserId,
        id: ScheduledId,
    ) -> Result<Option<Scheduled>, StoreError> {
        let user = user.clone();
        self.read(move |view| scheduled::one(view, &user, id)).await
    }

    async fn due(
        &self,
        after: Option<DuePlace>,
        limit: usize,
    ) -> Result<Vec<Scheduled>, StoreError> {
        self.read(move |view| scheduled::due(view, after, limit))
            .await
    }

    async fn n_scheduled(&self) -> Result<u64, StoreError> {
        self.read(move |view| scheduled::count_due(view)).await
    }

    async fn templates_of(&self, user: &UserId) -> Result<Vec<Template>, StoreError> {
        let user = user.clone();
        self.read(move |view| templates::list(view, &user)).await
    }
}
