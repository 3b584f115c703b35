//! People, and who of them is there.

use parlour_storage::ids::UserId;

use crate::{command::*, error::Failure, system::Core};

impl Core {
    pub(super) async fn people(
        &self,
        _caller: &Caller,
        _of: Option<Target>,
    ) -> Result<Reply, Failure> {
        Err(Failure::internal())
    }

    pub(super) async fn online(&self, _me: &UserId) -> Result<Reply, Failure> {
        Err(Failure::internal())
    }
}
