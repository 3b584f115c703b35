//! The store's face towards what notifies people.

use async_trait::async_trait;

use super::LocalStore;
use crate::{
    domain::push::PushSubscription, engine::push, error::StoreError, ids::UserId, notices::Notices,
};

#[async_trait]
impl Notices for LocalStore {
    async fn push_targets(&self, user: &UserId) -> Result<Vec<PushSubscription>, StoreError> {
        let user = user.clone();
        self.read(move |view| push::of(view, &user)).await
    }
}
