//! What somebody keeps for later. It is theirs alone, so there is nothing to look at but whose it is.

use crate::{
    command::{Caller, LaterQuestion, LaterReply, Reply},
    error::Failure,
    system::Core,
};

impl Core {
    pub(super) async fn later_answer(
        &self,
        caller: &Caller,
        question: LaterQuestion,
    ) -> Result<Reply, Failure> {
        let (store, user) = (self.store_ref(), &caller.user);
        let reply = match question {
            LaterQuestion::AllScheduled => {
                LaterReply::AllScheduled(store.scheduled_of(user).await?)
            }
            LaterQuestion::Scheduled(id) => {
                let scheduled = store.scheduled(user, id).await?;
                let scheduled = scheduled.ok_or_else(Failure::no_scheduled)?;
                LaterReply::Scheduled(Box::new(scheduled))
            }
            LaterQuestion::Templates => LaterReply::Templates(store.templates_of(user).await?),
        };
        Ok(Reply::Later(reply))
    }
}
