//! What moderators may decide, about whom, and the bounds of what reporters and moderators write.

use parlour_storage::{
    domain::{safety::ReportDraft, user::NodeRole},
    store::Write,
};

use super::{Decision, content::check_line};
use crate::{
    command::Caller,
    error::{ErrorCode, Failure},
    limits::{CATEGORY_MAX, DECISION_REASON_MAX, REPORT_REASON_MAX},
};

/// Brings a report into shape, if it is one. Its reason is a text like others: `content` looks at it.
///
/// # Errors
///
/// Which field is wrong, and what would do.
pub(super) fn review_report(caller: &Caller, write: &mut Write) -> Result<(), Failure> {
    let Write::Report(ReportDraft { user, category, .. }) = write else {
        return Ok(());
    };
    if *user == caller.user {
        return Err(Failure::bad_value("user", "nobody reports themselves"));
    }
    *category = category.trim().to_lowercase();
    let length = category.chars().count();
    if length == 0 || length > CATEGORY_MAX || category.contains(char::is_control) {
        let message = format!("category takes 1 to {CATEGORY_MAX} characters, as in `spam`");
        return Err(Failure::bad_value("category", message));
    }
    Ok(())
}

/// Whether the caller may decide so, and brings their reason into shape.
///
/// # Errors
///
/// Their role doesn't allow it, or the reason is too long.
pub(super) fn review_decision(caller: &Caller, decision: &mut Decision) -> Result<(), Failure> {
    must_moderate(caller.role)?;
    let refused = match decision.about {
        Some(NodeRole::Admin) => Some("nobody decides about an admin"),
        Some(NodeRole::Moderator) if caller.role < NodeRole::Admin => {
            Some("only admins decide about a moderator")
        }
        _ => None,
    };
    if let Some(message) = refused {
        return Err(Failure::new(ErrorCode::NotAllowed, message));
    }
    if let Write::ReviewReport { note, .. } = &mut decision.write {
        check_line("note", note, REPORT_REASON_MAX)?;
    }
    check_line("reason", &mut decision.reason, DECISION_REASON_MAX)
}

/// Refuses who is no moderator.
pub(crate) fn must_moderate(role: NodeRole) -> Result<(), Failure> {
    if role >= NodeRole::Moderator {
        return Ok(());
    }
    let message = "this is for moderators: it takes a token with the role moderator or admin";
    Err(Failure::new(ErrorCode::NotAllowed, message))
}
