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
            NoticeQuestion::PushKey => {
                let pusher = self.pusher();
                let key = pusher.as_ref().and_then(|pusher| pusher.key());
                NoticeReply::PushKey(key.ok_or_else(Failure::push_off)?.to_owned())
            }
            NoticeQuestion::PushTargets => NoticeReply::PushTargets(store.push_targets(me).await?),
        };
        Ok(Reply::Notice(reply))
    }
}
