//! A page of conversations by number.

use parlour_storage::ids::UserId;

use crate::{command::*, error::Failure, system::Core};

impl Core {
    pub(super) async fn inbox(
        &self,
        _me: &UserId,
        _matching: InboxFilter,
        _offset: usize,
        _limit: usize,
    ) -> Result<Reply, Failure> {
        Err(Failure::internal())
    }

    pub(super) async fn entry(&self, _me: &UserId, _target: Target) -> Result<Reply, Failure> {
        Err(Failure::internal())
    }
}
