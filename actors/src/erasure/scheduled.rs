//! Taking back what somebody scheduled, before all else: it would be sent while the rest is taken away.

use parlour_storage::personal::{Erase, ROWS_AT_ONCE};

use super::Eraser;
use crate::error::Failure;

impl Eraser<'_> {
    pub(super) async fn scheduled(&mut self) -> Result<(), Failure> {
        let waiting = self.core.store_ref().scheduled_of(self.user).await?;
        let n = waiting.len() as u64;
        self.count("scheduled", n);
        let n_batches = n.div_ceil(ROWS_AT_ONCE);
        self.erase((0..n_batches).map(|_| Erase::Scheduled)).await
    }
}
