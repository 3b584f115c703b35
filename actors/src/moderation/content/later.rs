//! What can be said already of what somebody keeps for later. It stays as they wrote it: what is hidden or replaced in a
//! message, and for whom, is decided when it is sent.

use parlour_storage::domain::{message::Content, scheduled::Keep};

use super::{Rules, files, text};
use crate::{
    command::Caller,
    error::Failure,
    limits::{TEMPLATE_LENGTH_MAX, TEMPLATE_NAME_MAX},
};

impl Rules {
    /// # Errors
    ///
    /// Which field is wrong, and what would do.
    pub(super) fn keep(&self, caller: &Caller, keep: &mut Keep) -> Result<(), Failure> {
        match keep {
            Keep::Schedule(draft) => {
                files::check_sent(&self.attachments, draft.attachments.len())?;
                let has_files = !draft.attachments.is_empty();
                let mut content: Content = draft.content.clone();
                // It may be for one other person, whom more may be said to: nothing is refused that could go out.
                self.content(caller, &mut content, has_files, true)
                    .map(drop)
            }
            Keep::Reschedule {
                text: Some(text), ..
            } => self
                .text(&mut text.clone(), self.length_max, true)
                .map(drop),
            Keep::AddTemplate { name, text } => self.template(Some(name), Some(text)),
            Keep::ChangeTemplate { name, text, .. } => self.template(name.as_mut(), text.as_mut()),
            Keep::Reschedule { text: None, .. }
            | Keep::Cancel { .. }
            | Keep::Fail { .. }
            | Keep::DropTemplate { .. } => Ok(()),
        }
    }

    /// Nobody reads it but its owner, so it may say anything.
    fn template(
        &self,
        name: Option<&mut String>,
        words: Option<&mut String>,
    ) -> Result<(), Failure> {
        if let Some(name) = name {
            let mut line = Some(std::mem::take(name));
            text::check_line("name", &mut line, TEMPLATE_NAME_MAX)?;
            let line = line.ok_or_else(|| Failure::bad_value("name", "a template needs a name"))?;
            line.trim().clone_into(name);
        }
        if let Some(words) = words {
            text::clean(words);
            text::check_length(words, TEMPLATE_LENGTH_MAX)?;
            text::check_some(words, parlour_storage::domain::message::MessageKind::Text)?;
        }
        Ok(())
    }
}
