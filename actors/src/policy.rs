//! What people may do: the node's policy, as the rules of the core read it.

use std::time::Duration;

use parlour_storage::{
    domain::{contact::Gate, user::Plan},
    safety::Retention,
};

use crate::error::{ErrorCode, Failure};

/// The node's policy. The default is what `docs/policy.md` says for a node without configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Who may write to whom (CONTRACT C-08).
    pub gate: Gate,
    /// Longest text of a request, in Unicode scalar values (S0-92).
    pub request_length_max: usize,
    /// A request that nobody answered for so long is over. `None`: never.
    pub request_ttl: Option<Duration>,
    /// Who sees whether their messages were read (C-18).
    pub receipts: Receipts,
    /// What becomes of markup in texts (C-29).
    pub html: Html,
    /// What becomes of profanity (C-28).
    pub profanity: Finding,
    /// Words of the operator's own, one a line; see `docs/policy.md`. Empty: none.
    pub words: Vec<WordRule>,
    /// What becomes of phone numbers, addresses and links.
    pub contact_details: Finding,
    /// Contact details matter only as long as the two are not matched.
    pub contact_details_until_match: bool,
    /// Which doings are written to the audit log.
    pub audit: Audit,
    /// How long lines of the audit log are kept. `None`: for good.
    pub audit_age: Option<Duration>,
    /// Which messages are kept.
    pub retention: Retention,
    /// How long the pre-send hook may take.
    pub review_timeout: Duration,
    /// A message that the hook said nothing about in time goes out (`true`), or is refused.
    pub review_fails_open: bool,
    /// Which files people may send with messages (C-25).
    pub attachments: Attachments,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            gate: Gate::Open,
            request_length_max: 250,
            request_ttl: None,
            receipts: Receipts::Everyone,
            html: Html::Raw,
            profanity: Finding::Allow,
            words: Vec::new(),
            contact_details: Finding::Allow,
            contact_details_until_match: false,
            audit: Audit::Safety,
            audit_age: None,
            retention: Retention::default(),
            review_timeout: Duration::from_millis(1500),
            review_fails_open: true,
            attachments: Attachments::default(),
        }
    }
}

/// Who sees whether their messages were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Receipts {
    /// Everyone.
    #[default]
    Everyone,
    /// People of the premium plan. Reading counts for unread all the same.
    Premium,
}

impl Receipts {
    /// Whether somebody of this plan sees them.
    pub fn are_for(self, plan: Plan) -> bool {
        self == Self::Everyone || plan == Plan::Premium
    }
}

/// What becomes of markup in texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Html {
    /// It stays as it is, and is never rendered.
    #[default]
    Raw,
    /// Tags, comments, doctypes and CDATA are taken out; all else stays byte for byte.
    Strip,
}

/// What becomes of a text in which something was found, from mild to strict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// Nothing: it isn't even looked for.
    #[default]
    Allow,
    /// It goes out as it is, and is marked for review.
    Flag,
    /// What was found is replaced by stars, and the message marked for review.
    Mask,
    /// All of it is replaced by a placeholder, and the message marked for review.
    Placeholder,
    /// It is refused.
    Reject,
}

/// A word of the operator's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordRule {
    /// The word, or several with spaces. Found whatever its case, as a whole word.
    pub word: String,
    /// What becomes of a text that has it. [`Finding::Allow`]: it is no profanity, whatever else says so.
    pub finding: Finding,
}

/// Which doings are written to the audit log, from few to all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audit {
    /// None.
    Off,
    /// What concerns safety: blocks, reports, requests, likes and matches, sanctions, takedowns, reviews, erasure.
    #[default]
    Safety,
    /// Everything that people do: messages, edits, reactions, reading, groups, connections too (CONTRACT S2-25).
    All,
}

/// Which files people may send with messages. What was sent before the policy changed stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachments {
    /// Any at all.
    pub enabled: bool,
    /// Longest file, in bytes (S1-23).
    pub bytes_max: u64,
    /// Longest picture, in bytes (S1-24).
    pub image_bytes_max: u64,
    /// What all files of one person may take up, in bytes. `None`: any number.
    pub quota: Option<u64>,
    /// Which media types (S1-22).
    pub media_types: Vec<String>,
}

impl Default for Attachments {
    fn default() -> Self {
        const MIB: u64 = 1024 * 1024;
        Self {
            enabled: true,
            bytes_max: 10 * MIB,
            image_bytes_max: 5 * MIB,
            quota: Some(1024 * MIB),
            media_types: [
                "image/jpeg",
                "image/png",
                "image/gif",
                "image/webp",
                "application/pdf",
                "text/plain",
                "application/msword",
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            ]
            .map(str::to_owned)
            .to_vec(),
        }
    }
}

impl Attachments {
    /// Longest file of a media type, in bytes. `None`: it may not be sent.
    pub fn bytes_max_of(&self, media_type: &str) -> Option<u64> {
        let may_be_sent = self.enabled && self.media_types.iter().any(|known| known == media_type);
        let bytes_max = if media_type.starts_with("image/") {
            self.image_bytes_max.min(self.bytes_max)
        } else {
            self.bytes_max
        };
        may_be_sent.then_some(bytes_max)
    }

    /// Looks whether a file of a type and a length may be sent, and tells how long one of its type may be.
    ///
    /// # Errors
    ///
    /// The node takes no files, none of this type, or none so long.
    pub fn check(&self, media_type: &str, bytes: u64) -> Result<u64, Failure> {
        if !self.enabled {
            return Err(Failure::no_attachments());
        }
        let Some(bytes_max) = self.bytes_max_of(media_type) else {
            let message = format!(
                "files of the type {media_type} can't be sent; these can: {}",
                self.media_types.join(", ")
            );
            return Err(Failure::bad_value("file", message));
        };
        if bytes > bytes_max {
            let message =
                format!("a file of the type {media_type} may have at most {bytes_max} bytes");
            return Err(Failure {
                field: Some("file"),
                ..Failure::new(ErrorCode::TooLarge, message)
            });
        }
        Ok(bytes_max)
    }
}
