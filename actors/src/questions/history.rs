//! A page of messages by number.

use parlour_storage::{domain::message::Message, ids::UserId};

use crate::{command::*, error::Failure, system::Core};

impl Core {
    pub(super) async fn history(
        &self,
        _caller: &Caller,
        _of: Scope,
        _matching: HistoryFilter,
        _offset: usize,
        _limit: usize,
    ) -> Result<Reply, Failure> {
        Err(Failure::internal())
    }

    pub(super) async fn item(&self, _me: &UserId, _message: Message) -> Result<Reply, Failure> {
        Err(Failure::internal())
    }
}
