//! The operator's own judge: asked about each text that the node's own rules let pass, before anybody sees it.
//!
//! What it is (a service over HTTP, a model, a test) the embedder decides. When it is asked, for how long it may think,
//! and what happens if it says nothing: `moderation/hook.rs`.

use std::fmt;

use async_trait::async_trait;
use parlour_storage::{
    domain::{message::MessageKind, user::Plan},
    ids::{ConversationId, UserId},
};

/// Somebody who says whether a text may go out.
#[async_trait]
pub trait Reviewer: Send + Sync + fmt::Debug {
    /// Gives an opinion. Dropped when the time is up that the policy gives it.
    ///
    /// # Errors
    ///
    /// It has none: the policy decides. The error is logged.
    async fn review(&self, draft: Draft) -> Result<Opinion, NoOpinion>;
}

/// A text that is about to go out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Who writes it.
    pub author: UserId,
    /// What they pay for.
    pub plan: Plan,
    /// What becomes of it.
    pub purpose: Purpose,
    /// In which conversation; `None` for a request.
    pub conversation: Option<ConversationId>,
    /// To whom, unless to a group.
    pub to: Option<UserId>,
    /// The text, as the node's own rules left it. Other kinds than text may have none.
    pub text: String,
}

/// What a text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A message of this kind.
    Message(MessageKind),
    /// Another text for a message.
    Edit,
    /// A request for first contact.
    Request,
}

/// What is to become of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opinion {
    /// It goes out.
    Allow,
    /// This goes out in its stead, and is marked for review.
    Replace(String),
    /// It goes out, and is marked for review, for this reason.
    Flag(String),
    /// It is refused; its author is told this.
    Reject(String),
}

/// Why there is no opinion, for the log. Never holds the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoOpinion(pub String);

impl fmt::Display for NoOpinion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoOpinion {}
