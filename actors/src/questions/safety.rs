//! What moderators ask: reports with what belongs to them, flags, how people stand, the audit log; and one's own choices.
//!
//! A moderator sees what its author wrote, whoever else sees less of it.

use std::collections::BTreeSet;

use parlour_storage::{
    domain::{
        attachment::Attachment,
        message::Message,
        safety::{Flag, Report},
    },
    ids::{AttachmentId, ReportId, Seq, UserId},
    safety::ReportPage,
    store::{MessagePage, PageFrom},
};

use super::page;
use crate::{
    command::{AttachmentReply, Caller, Case, Reply, SafetyQuestion, SafetyReply, Shown},
    error::{ErrorCode, Failure},
    limits::{CONTEXT_MESSAGES, PAGE_MAX},
    moderation::{audit, must_moderate},
    scenes::Scenes,
    system::Core,
};

impl Core {
    pub(super) async fn safety_answer(
        &self,
        caller: &Caller,
        question: SafetyQuestion,
    ) -> Result<Reply, Failure> {
        if question.is_for_moderators() {
            must_moderate(caller.role)?;
        }
        let store = self.store_ref();
        let reply = match question {
            SafetyQuestion::Preferences => {
                let mine = store
                    .preferences(std::slice::from_ref(&caller.user))
                    .await?;
                SafetyReply::Preferences(mine.into_iter().next().unwrap_or_default())
            }
            SafetyQuestion::Reports {
                status,
                about,
                before,
                limit,
            } => {
                let limit = page(limit)?;
                let mut reports = store
                    .reports(ReportPage {
                        status,
                        about,
                        before,
                        limit: limit + 1,
                    })
                    .await?;
                let next = cut(&mut reports, limit, |report: &Report| report.id);
                SafetyReply::Reports { reports, next }
            }
            SafetyQuestion::Report(id) => SafetyReply::Case(Box::new(self.case(id).await?)),
            SafetyQuestion::ReportedFile { report, file } => {
                let file = Box::new(self.reported_file(caller, report, file).await?);
                return Ok(Reply::Attachment(AttachmentReply::Attachment(file)));
            }
            SafetyQuestion::Flags {
                status,
                before,
                limit,
            } => {
                let limit = page(limit)?;
                let mut flags = store.flags(status, before, limit + 1).await?;
                let next = cut(&mut flags, limit, |flag: &Flag| flag.message);
                SafetyReply::Flags {
                    flags: self.with_messages(flags).await?,
                    next,
                }
            }
            SafetyQuestion::Standing(user) => self.standing(user).await?,
            SafetyQuestion::Audit { after, limit } => {
                SafetyReply::Audit(store.audit_after(after, page(limit)?).await?)
            }
        };
        Ok(Reply::Safety(reply))
    }

    /// A report, and what a moderator needs to decide about it.
    async fn case(&self, id: ReportId) -> Result<Case, Failure> {
        let store = self.store_ref();
        let no_report = || Failure::new(ErrorCode::NoReport, "there is no such report");
        let report = store.report(id).await?.ok_or_else(no_report)?;
        let standing = store.standing(&report.what.user).await?;
        let context = self.context(&report).await?;
        Ok(Case {
            report,
            standing,
            context,
        })
    }

    /// A file of a message that a report shows. Nobody looks unseen: that is written down first.
    async fn reported_file(
        &self,
        caller: &Caller,
        id: ReportId,
        file: AttachmentId,
    ) -> Result<Attachment, Failure> {
        let case = self.case(id).await?;
        let mut shown = case.context.iter().flat_map(|it| &it.message.attachments);
        let is_shown = shown.any(|attached| attached.id == file);
        let file = self.store_ref().attachment(file).await?;
        let file = file.filter(|_| is_shown);
        let file = file.ok_or_else(Failure::no_attachment)?;
        let line = audit::of_reported_file(self.settings.policy.audit, id, &file);
        self.note(&caller.user, line).await?;
        Ok(file)
    }

    /// What was said around the message of a report, or last in its conversation, oldest first.
    async fn context(&self, report: &Report) -> Result<Vec<Shown>, Failure> {
        let store = self.store_ref();
        let Some(conversation) = report.what.conversation else {
            return Ok(Vec::new());
        };
        let reported = match report.what.message {
            Some(id) => store.message(id).await?,
            None => None,
        };
        let read = async |from, limit| {
            store
                .messages(conversation, MessagePage { from, limit })
                .await
        };
        let messages = match reported {
            Some(Message { seq, .. }) => {
                let before = CONTEXT_MESSAGES / 2;
                let mut messages = read(PageFrom::Before(seq), before).await?;
                // Where little was said before it, more of what was said after.
                let left = CONTEXT_MESSAGES - messages.len();
                let from = PageFrom::After(Seq(seq.0.saturating_sub(1)));
                messages.extend(read(from, left).await?);
                messages
            }
            None => read(PageFrom::End, CONTEXT_MESSAGES).await?,
        };
        let mut context = Vec::with_capacity(messages.len());
        for message in messages {
            context.push(self.as_written(message).await?);
        }
        Ok(context)
    }

    /// Flags with their messages as they stand.
    async fn with_messages(&self, flags: Vec<Flag>) -> Result<Vec<(Flag, Option<Shown>)>, Failure> {
        let mut with = Vec::with_capacity(flags.len());
        for flag in flags {
            let message = self.store_ref().message(flag.message).await?;
            let shown = message.map(|message| Shown {
                message,
                veiled: false,
            });
            with.push((flag, shown));
        }
        Ok(with)
    }

    /// A message with the text that its author wrote, where that was kept.
    async fn as_written(&self, mut message: Message) -> Result<Shown, Failure> {
        let flag = self.store_ref().flag(message.id).await?;
        if let Some(original) = flag.and_then(|flag| flag.what.original) {
            message.content.text = original;
        }
        Ok(Shown {
            message,
            veiled: false,
        })
    }

    async fn standing(&self, user: UserId) -> Result<SafetyReply, Failure> {
        let store = self.store_ref();
        let mut scenes = Scenes::default();
        scenes
            .add_people(self, BTreeSet::from([user.clone()]))
            .await?;
        let newest = ReportPage {
            about: Some(user.clone()),
            limit: PAGE_MAX,
            ..ReportPage::default()
        };
        Ok(SafetyReply::Standing {
            who: scenes.card(&user),
            standing: store.standing(&user).await?,
            reports: store.reports(newest).await?,
        })
    }
}

/// Cuts a page to its size, one more than which was read, and tells where to go on.
fn cut<T, I>(items: &mut Vec<T>, limit: usize, id: impl Fn(&T) -> I) -> Option<I> {
    let more = items.len() > limit;
    items.truncate(limit);
    items.last().filter(|_| more).map(id)
}
