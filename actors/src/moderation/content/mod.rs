//! What may be said: lengths, markup, words, and who is told what of it.
//!
//! One file a rule; here is the order they are taken in. Plain functions of the text and the policy: no actor, no clock,
//! no I/O. What the operator's own service says comes after all of it (`hook.rs`).

mod contact_details;
mod files;
mod findings;
mod fold;
mod html;
mod later;
mod metadata;
mod profanity;
mod text;
pub mod word_list;
mod words;

use std::{borrow::Cow, mem, ops::Range};

use parlour_storage::{
    domain::{
        attachment::{AttachmentDraft, FILE_NAME_BYTES_MAX},
        message::{Content, MessageKind},
        safety::FlagDraft,
        user::NodeRole,
    },
    store::Write,
};

pub use self::findings::PLACEHOLDER;
pub(super) use self::text::check_line;
use self::{
    findings::{Found, Settled, Sort, mask, settle},
    words::{Words, covers},
};
use crate::{
    command::Caller,
    error::{ErrorCode, Failure},
    limits::{GROUP_NAME_MAX, PEOPLE_PER_REQUEST_MAX, REASON_MAX, REPORT_REASON_MAX, Settings},
    policy::{Attachments, Finding, Html},
};

/// The node's rules, built once from its policy.
#[derive(Debug)]
pub struct Rules {
    length_max: usize,
    request_length_max: usize,
    html: Html,
    words: Words,
    profanity: Finding,
    contact_details: Finding,
    /// Contact details are for people who are matched.
    until_match: bool,
    attachments: Attachments,
}

/// What a write goes on with, beside itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reviewed {
    /// The text as it was sent, if another one is written.
    pub original: Option<String>,
    /// Why the message is to be looked at.
    pub flag: Option<FlagDraft>,
    /// The text without contact details, for as long as the two of a direct conversation are not matched.
    pub masked: Option<String>,
    /// The strictest finding.
    pub finding: Finding,
}

impl Rules {
    /// The rules of a policy.
    ///
    /// # Panics
    ///
    /// The policy has gigabytes of words.
    pub fn new(settings: &Settings) -> Self {
        let policy = &settings.policy;
        Self {
            length_max: settings.message_length_max,
            request_length_max: policy.request_length_max,
            html: policy.html,
            words: Words::new(&policy.words).expect("a word list that fits in memory"),
            profanity: policy.profanity,
            contact_details: policy.contact_details,
            until_match: policy.contact_details_until_match,
            attachments: policy.attachments.clone(),
        }
    }

    /// Cleans what a write says, and decides about it. `direct`: it is for one other person.
    ///
    /// # Errors
    ///
    /// Which field is wrong, and what would do.
    pub fn review(
        &self,
        caller: &Caller,
        write: &mut Write,
        direct: bool,
    ) -> Result<Reviewed, Failure> {
        match write {
            Write::Send {
                content,
                attachments,
                ..
            }
            | Write::SendDue {
                content,
                attachments,
                ..
            } => {
                files::check_sent(&self.attachments, attachments.len())?;
                let has_files = !attachments.is_empty();
                return self.content(caller, content, has_files, direct);
            }
            Write::Upload(draft) => return self.file(draft),
            Write::Keep(keep) => self.keep(caller, keep),
            // Whether it may be empty depends on what it replaces: the store looks.
            Write::Edit { text, .. } => return self.text(text, self.length_max, direct),
            Write::Ask { text, masked, .. } => {
                let mut reviewed = self.text(text, self.request_length_max, true)?;
                text::check_some(text, MessageKind::Text)?;
                *masked = reviewed.masked.take();
                return Ok(reviewed);
            }
            Write::React { emoji, .. } => self.emoji(emoji),
            Write::OpenGroup { name, members, .. } => {
                check_people(members.len()).and(self.name(name))
            }
            Write::Add { users, .. } => check_people(users.len()),
            Write::Rename { name, .. } => self.name(name),
            Write::Block { reason, .. } => self.line("reason", reason, REASON_MAX),
            Write::Report(report) => self.line("reason", &mut report.reason, REPORT_REASON_MAX),
            _ => Ok(()),
        }?;
        Ok(Reviewed::default())
    }

    fn content(
        &self,
        caller: &Caller,
        content: &mut Content,
        has_files: bool,
        direct: bool,
    ) -> Result<Reviewed, Failure> {
        metadata::check(content.metadata.as_deref())?;
        let reviewed = if content.kind != MessageKind::System {
            self.text(&mut content.text, self.length_max, direct)?
        } else if caller.role == NodeRole::Admin {
            // The app's own words, and links to itself: nobody to protect anybody from.
            self.sanitize(&mut content.text, self.length_max)?
        } else {
            return Err(Failure {
                field: Some("kind"),
                ..Failure::new(
                    ErrorCode::NotAllowed,
                    "SYSTEM messages are for tokens with the role admin",
                )
            });
        };
        if !has_files {
            text::check_some(&content.text, content.kind)?;
        }
        Ok(reviewed)
    }

    /// A file. Its name is a text like others: it is no way round what may be said.
    fn file(&self, draft: &mut AttachmentDraft) -> Result<Reviewed, Failure> {
        files::check_upload(&self.attachments, draft)?;
        draft.quota = self.attachments.quota;
        draft.name = files::tidy(&draft.name);
        let reviewed = self.text(&mut draft.name, FILE_NAME_BYTES_MAX, false);
        let reviewed = reviewed.map_err(|failure| Failure {
            field: Some("file"),
            ..failure
        })?;
        draft.name = files::tidy(&draft.name);
        // There is no message yet that could be marked.
        Ok(Reviewed {
            finding: reviewed.finding,
            ..Reviewed::default()
        })
    }

    /// What people write to each other.
    fn text(&self, text: &mut String, max: usize, direct: bool) -> Result<Reviewed, Failure> {
        let mut reviewed = self.sanitize(text, max)?;
        let mut found = self.look(text);
        let mut for_the_matched = Vec::new();
        if self.keeps_for_matched(direct) {
            let is_contact = |found: &mut Found| found.sort == Sort::ContactDetails;
            for_the_matched = found.extract_if(.., is_contact).collect();
        }
        let settled = settle("text", text, &found)?;
        if !for_the_matched.is_empty() && settled.finding != Finding::Placeholder {
            reviewed.masked = Some(if self.contact_details == Finding::Placeholder {
                PLACEHOLDER.to_owned()
            } else {
                let hidden = found.iter().filter(|found| found.finding == Finding::Mask);
                let parts = hidden.chain(&for_the_matched);
                mask(text, parts.map(|found| found.range.clone()).collect())
            });
        }
        reviewed.finding = settled.finding;
        if let Some(other) = &settled.text {
            let sent = mem::replace(text, other.clone());
            reviewed.original.get_or_insert(sent);
        } else if reviewed.masked.is_some() && reviewed.original.is_none() {
            // Which of the two is written is known to the store alone. A retry is known by what was sent.
            reviewed.original = Some(text.clone());
        }
        reviewed.flag = flag(settled, &reviewed);
        Ok(reviewed)
    }

    /// What is shown of a text to who isn't matched.
    fn without_contact_details(&self, text: &str, parts: Vec<Range<usize>>) -> String {
        match self.contact_details {
            Finding::Placeholder => PLACEHOLDER.to_owned(),
            _ => mask(text, parts),
        }
    }

    /// Puts another text in the place of a reviewed one, as the operator's service wants it, and marks it for review.
    /// It is trusted with words, and held to what every text has to be.
    ///
    /// # Errors
    ///
    /// It is empty or too long.
    pub(super) fn replace(
        &self,
        write: &mut Write,
        reviewed: &mut Reviewed,
        mut other: String,
        direct: bool,
    ) -> Result<(), Failure> {
        self.sanitize(&mut other, self.length_max)?;
        text::check_some(&other, MessageKind::Text)?;
        let text = match write {
            Write::Send { content, .. } | Write::SendDue { content, .. } => &mut content.text,
            Write::Edit { text, .. } | Write::Ask { text, .. } => text,
            _ => return Ok(()),
        };
        let found = if self.keeps_for_matched(direct) {
            contact_details::look(&other)
        } else {
            Vec::new()
        };
        let masked = (!found.is_empty()).then(|| self.without_contact_details(&other, found));
        let reviewed_text = mem::replace(text, other);
        let original = reviewed.original.get_or_insert(reviewed_text).clone();
        match write {
            Write::Ask { masked: of, .. } => *of = masked,
            _ => reviewed.masked = masked,
        }
        reviewed.flag = Some(FlagDraft {
            found: [
                reviewed
                    .flag
                    .take()
                    .map_or_else(Vec::new, |flag| flag.found),
                vec!["review".to_owned()],
            ]
            .concat(),
            original: Some(original),
        });
        reviewed.finding = reviewed.finding.max(Finding::Placeholder);
        Ok(())
    }

    /// Whether contact details in a text are for people who are matched.
    fn keeps_for_matched(&self, direct: bool) -> bool {
        direct && self.until_match && self.contact_details >= Finding::Mask
    }

    /// Takes out what no text keeps, and then counts.
    fn sanitize(&self, text: &mut String, max: usize) -> Result<Reviewed, Failure> {
        text::clean(text);
        let mut reviewed = Reviewed::default();
        if self.html == Html::Strip
            && let Cow::Owned(stripped) = html::strip(text)
        {
            reviewed.original = Some(mem::replace(text, stripped));
        }
        text::check_length(text, max)?;
        Ok(reviewed)
    }

    fn look(&self, text: &str) -> Vec<Found> {
        let words::Hits { mut found, allowed } = self.words.look(text);
        let mut add = |sort, finding, ranges: Vec<Range<usize>>| {
            found.extend(ranges.into_iter().map(|range| Found {
                range,
                sort,
                finding,
            }));
        };
        if self.profanity != Finding::Allow {
            let mut swearing = profanity::look(text);
            swearing.retain(|part| !allowed.iter().any(|range| covers(range, part)));
            add(Sort::Profanity, self.profanity, swearing);
        }
        if self.contact_details != Finding::Allow {
            add(
                Sort::ContactDetails,
                self.contact_details,
                contact_details::look(text),
            );
        }
        found
    }

    /// A reaction is any short text. There is no half of one: what would be hidden in a message is refused.
    fn emoji(&self, emoji: &str) -> Result<(), Failure> {
        text::check_emoji(emoji)?;
        let mut found = self.look(emoji);
        found.retain(|found| found.finding >= Finding::Mask);
        for found in &mut found {
            found.finding = Finding::Reject;
        }
        settle("emoji", emoji, &found).map(drop)
    }

    /// The name of a group. Everyone in it reads it, and there is no queue that it could be flagged for.
    fn name(&self, name: &mut Option<String>) -> Result<(), Failure> {
        self.line("name", name, GROUP_NAME_MAX)?;
        let Some(line) = name else { return Ok(()) };
        if let Some(other) = settle("name", line, &self.look(line))?.text {
            *line = other;
        }
        Ok(())
    }

    /// A line of text; empty means none.
    fn line(
        &self,
        field: &'static str,
        text: &mut Option<String>,
        max: usize,
    ) -> Result<(), Failure> {
        if let Some(line) = text {
            self.sanitize(line, usize::MAX)?;
        }
        check_line(field, text, max)
    }
}

/// Marks a message in which something was found, with what its author wrote if others don't see that.
fn flag(settled: Settled, reviewed: &Reviewed) -> Option<FlagDraft> {
    (!settled.found.is_empty()).then(|| FlagDraft {
        found: settled.found.into_iter().map(str::to_owned).collect(),
        original: settled.text.and(reviewed.original.clone()),
    })
}

fn check_people(n: usize) -> Result<(), Failure> {
    if n > PEOPLE_PER_REQUEST_MAX {
        let message = format!(
            "at most {PEOPLE_PER_REQUEST_MAX} people in one request; add the others with another"
        );
        return Err(Failure::bad_value("users", message));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
