//! Who waits for a write, and what came of it: what they are answered, and what the rooms are to tell.

use std::sync::Arc;

use parlour_storage::{
    domain::{
        change::{Change, ChangeBody},
        conversation::Conversation,
        scheduled::Kept,
    },
    ids::Timestamp,
    store::{Outcome, Rejection},
};

use super::tally::Counted;
use crate::{
    command::{About, AttachmentReply, Card, LaterReply, NoticeReply, Reply, SafetyReply},
    error::Failure,
    herald::{Asked, Herald},
    reply::ReplyTo,
    room::News,
    system::Core,
    visibility::Audience,
};

/// Who waits for a write, while the store has it.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) by: Arc<Card>,
    pub(super) conversation: Option<Arc<Conversation>>,
    pub(super) audience: Audience,
    pub(super) reply: ReplyTo,
    pub(super) at: Timestamp,
    pub(super) asked: Asked,
    pub(super) counted: Counted,
}

impl Waiting {
    /// Answers what no room answers, tells the two people what they learn of each other, and returns what rooms are
    /// to tell, in the order of positions.
    pub(super) fn settle(
        self,
        outcome: Result<Outcome, Rejection>,
        core: &Core,
        herald: &Herald,
    ) -> Vec<News> {
        let (notices, changes) = match outcome {
            Ok(Outcome::Changed(changes)) => (Vec::new(), changes),
            Ok(Outcome::Met { notices, changes }) => (notices, changes),
            Ok(Outcome::Done | Outcome::Unchanged) => (Vec::new(), Vec::new()),
            Ok(Outcome::Asked(request)) => {
                self.reply.answer(Ok(herald.asked(&self.by, &request)));
                return Vec::new();
            }
            Ok(Outcome::Filed(report)) => {
                let filed = SafetyReply::Filed {
                    report,
                    at: self.at,
                };
                self.reply.answer(Ok(Reply::Safety(filed)));
                return Vec::new();
            }
            Ok(Outcome::Uploaded(attachment)) => {
                let uploaded = AttachmentReply::Uploaded(attachment);
                self.reply.answer(Ok(Reply::Attachment(uploaded)));
                return Vec::new();
            }
            Ok(Outcome::Kept { kept, .. }) => {
                let reply = match kept {
                    Kept::Scheduled(scheduled) => {
                        core.scheduled.notify_one();
                        LaterReply::Scheduled(scheduled)
                    }
                    Kept::Template(template) => LaterReply::Template(template),
                };
                self.reply.answer(Ok(Reply::Later(reply)));
                return Vec::new();
            }
            Ok(Outcome::PushTarget(target)) => {
                let added = NoticeReply::PushTarget(target);
                self.reply.answer(Ok(Reply::Notice(added)));
                return Vec::new();
            }
            Ok(Outcome::Repeated(change)) => {
                let by = self.by;
                let about = self
                    .conversation
                    .map(|conversation| About { conversation, by });
                self.reply.answer(answer(Arc::new(*change), about, true));
                return Vec::new();
            }
            Err(rejection) => {
                self.reply.answer(Err(rejection.into()));
                return Vec::new();
            }
        };
        let answered = herald.answer(&self.asked, &self.by, &notices);
        let asked = (&self.asked, self.reply.connection_id());
        herald.tell(core, &notices, asked, &self.by, &self.audience);
        let answered = answered.or(changes.is_empty().then_some(Ok(Reply::Done)));
        let mut reply = match answered {
            Some(answered) => {
                self.reply.answer(answered);
                None
            }
            None => Some(self.reply),
        };
        let answering = match self.asked {
            Asked::Message => changes.len().saturating_sub(1),
            _ => 0,
        };
        let news = changes.into_iter().enumerate().map(|(n, change)| {
            let (by, audience) = if change.by == self.by.user {
                (Arc::clone(&self.by), self.audience.clone())
            } else {
                // Who was asked accepts, and the text is a message of who asked. No block stands between the two:
                // the store would not have let them meet.
                let audience = Audience {
                    shadowed: core.shadows.has(&change.by),
                    ..Audience::default()
                };
                (herald.card(&change.by, &self.by), audience)
            };
            let reply = reply.take_if(|_| n == answering);
            News {
                change: Arc::new(change),
                by,
                audience,
                reply: reply.unwrap_or_else(ReplyTo::nobody),
            }
        });
        news.collect()
    }
}

/// The answer to the request that made a change.
pub(crate) fn answer(
    change: Arc<Change>,
    about: Option<About>,
    repeated: bool,
) -> Result<Reply, Failure> {
    Ok(match change.body {
        ChangeBody::Sent(_) => Reply::Sent {
            change,
            // A message is sent through a room, which knows where it is.
            about: about.ok_or_else(Failure::internal)?,
            repeated,
        },
        ChangeBody::Created { .. } => Reply::Opened {
            conversation: change.conversation,
            created: !repeated,
        },
        _ => Reply::Done,
    })
}
