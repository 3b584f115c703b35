//! What a service's answer means for a push: sent, the device is gone, to be tried again, or never to be taken.

use parlour_actors::pusher::PushFailed;

use crate::outbound::{Answer, Reply, StatusCode, Unanswered, Verdict};

/// A push that was not taken: what becomes of it, and why, for the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotTaken {
    pub(super) failed: PushFailed,
    pub(super) why: String,
}

impl NotTaken {
    /// It never will be.
    pub(super) fn refused(why: impl ToString) -> Self {
        let why = why.to_string();
        let failed = PushFailed::Refused(why.clone());
        Self { failed, why }
    }

    /// It may be later.
    pub(super) fn later(why: impl ToString) -> Self {
        let failed = PushFailed::Later(None);
        let why = why.to_string();
        Self { failed, why }
    }

    /// Its device is no more.
    pub(super) fn gone(reply: &Reply) -> Self {
        let failed = PushFailed::Gone;
        let why = reply.told();
        Self { failed, why }
    }
}

/// The answer, if there is one.
pub(super) async fn heard(answered: Result<Answer, Unanswered>) -> Result<Reply, NotTaken> {
    match answered {
        Ok(answer) => Ok(Reply::read(answer).await),
        // Neither this address nor what its name leads to is going to be another one soon.
        Err(Unanswered::Refused(refused)) => Err(NotTaken::refused(refused)),
        Err(Unanswered::Failed(why)) => Err(NotTaken::later(why)),
    }
}

/// An answer whose status says all there is to know (RFC 8030 section 7.3 and 8.4).
pub(super) fn judge(reply: &Reply) -> Result<(), NotTaken> {
    if [StatusCode::NOT_FOUND, StatusCode::GONE].contains(&reply.status) {
        return Err(NotTaken::gone(reply));
    }
    taken(reply)
}

/// The same of somebody who has no devices that could be gone.
pub(super) fn taken(reply: &Reply) -> Result<(), NotTaken> {
    match reply.verdict() {
        Verdict::Taken => Ok(()),
        Verdict::Final { why } => Err(NotTaken::refused(why)),
        Verdict::Later { why, retry_after } => {
            let failed = PushFailed::Later(retry_after);
            Err(NotTaken { failed, why })
        }
    }
}
