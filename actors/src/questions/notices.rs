//! What somebody is notified of, and how: theirs alone.

use crate::{
    command::{Caller, NoticeQuestion, NoticeReply, Reply},
    error::Failure,
    system::Core,
};

impl Core {
    pub(super) async fn notice_answer(
        &self,
        caller: &Caller,
        question: NoticeQuestion,
    ) -> Result<Reply, Failure> {
        let (store, me) = (self.store_ref(), &caller.user);
        let reply = match question {
            NoticeQuestion::PushTargets => NoticeReply::PushTargets(store.push_targets(me).await?),
        };
        Ok(Reply::Notice(reply))
    }
}
