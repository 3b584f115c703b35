//! The lines that doings leave in the audit log. Never the text of a message.

use parlour_storage::{
    domain::{
        attachment::Attachment,
        conversation::MemberRole,
        safety::{AuditDraft, ReportStatus, Sanction},
        scheduled::Keep,
    },
    ids::{ConversationId, ReportId, Timestamp, UserId},
    store::Write,
};

use crate::policy::Audit;

/// The line of a write. `None`: the policy wants none of it.
pub(super) fn of_write(
    audit: Audit,
    write: &Write,
    conversation: Option<ConversationId>,
    reason: Option<&str>,
) -> Option<AuditDraft> {
    let (level, mut draft) = line(write)?;
    if audit < level {
        return None;
    }
    if draft.conversation.is_none() {
        draft.conversation = conversation;
    }
    if let Some(reason) = reason {
        let detail = draft.detail.take().map(|detail| format!("{detail}: "));
        draft.detail = Some(detail.unwrap_or_default() + reason);
    }
    Some(draft)
}

/// The line of a connection that was let in.
pub(super) fn of_connecting(audit: Audit) -> Option<AuditDraft> {
    (audit == Audit::All).then(|| named("user.connected"))
}

/// The line of a connection that ended.
pub(crate) fn of_leaving(audit: Audit) -> Option<AuditDraft> {
    (audit == Audit::All).then(|| named("user.disconnected"))
}

/// The line of what is done with all that is kept of a person: exporting it, erasing it.
pub(crate) fn of_person(audit: Audit, action: &'static str, user: &UserId) -> Option<AuditDraft> {
    (audit >= Audit::Safety).then(|| AuditDraft {
        user: Some(user.clone()),
        ..named(action)
    })
}

/// The line of a file that a moderator looks at because of a report.
pub(crate) fn of_reported_file(
    audit: Audit,
    report: ReportId,
    file: &Attachment,
) -> Option<AuditDraft> {
    (audit >= Audit::Safety).then(|| AuditDraft {
        user: Some(file.owner.clone()),
        conversation: file.bound.map(|(conversation, _)| conversation),
        message: file.bound.map(|(_, message)| message),
        detail: Some(format!("file {} for report {report}", file.id)),
        ..named("file.viewed")
    })
}

fn named(action: &'static str) -> AuditDraft {
    AuditDraft {
        action,
        user: None,
        conversation: None,
        message: None,
        detail: None,
    }
}

/// What a change of what somebody keeps for later is called.
fn kept(keep: &Keep) -> &'static str {
    match keep {
        Keep::Schedule(_) => "message.scheduled",
        Keep::Reschedule { .. } => "message.rescheduled",
        Keep::Cancel { .. } => "message.schedule_cancelled",
        Keep::Fail { .. } => "message.schedule_failed",
        Keep::AddTemplate { .. } | Keep::ChangeTemplate { .. } => "template.saved",
        Keep::DropTemplate { .. } => "template.dropped",
    }
}

/// What a write is called, and from which policy on it is written.
fn line(write: &Write) -> Option<(Audit, AuditDraft)> {
    let line = match write {
        // Of no concern to anybody but the node.
        Write::SaveUser(_) | Write::SeeUser | Write::ReadNotifications { .. } | Write::Note => {
            return None;
        }
        Write::Upload(draft) => all(AuditDraft {
            detail: Some(format!("{} of {} bytes", draft.media_type, draft.bytes)),
            ..named("file.uploaded")
        }),
        Write::DropAttachment { .. } => all(named("file.dropped")),
        Write::Mute {
            conversation,
            until,
        } => all(AuditDraft {
            conversation: Some(*conversation),
            detail: taken_back(until.is_some()),
            ..named("conversation.muted")
        }),
        Write::DoNotDisturb(_) => all(named("do_not_disturb.set")),
        Write::AddPushTarget(target) => all(AuditDraft {
            detail: Some(target.kind().to_owned()),
            ..named("push_target.added")
        }),
        Write::DropPushTarget { .. } => all(named("push_target.dropped")),
        // Many small steps, of which whoever erases writes one line.
        Write::Erase(_) => return None,
        Write::Keep(keep) => all(named(kept(keep))),
        Write::Send { conversation, .. } | Write::SendDue { conversation, .. } => all(AuditDraft {
            conversation: Some(*conversation),
            ..named("message.sent")
        }),
        Write::Edit { message, .. } => all(AuditDraft {
            message: Some(*message),
            ..named("message.edited")
        }),
        Write::Delete { message } => all(AuditDraft {
            message: Some(*message),
            ..named("message.deleted")
        }),
        Write::React { message, on, .. } => all(AuditDraft {
            message: Some(*message),
            detail: taken_back(*on),
            ..named("reaction")
        }),
        Write::Read { conversation, seq } => all(AuditDraft {
            conversation: Some(*conversation),
            detail: Some(format!("up to {}", seq.0)),
            ..named("messages.read")
        }),
        Write::Deliver { conversation, seq } => all(AuditDraft {
            conversation: Some(*conversation),
            detail: Some(format!("delivered up to {}", seq.0)),
            ..named("messages.read")
        }),
        Write::OpenDirect { with } => all(AuditDraft {
            user: Some(with.clone()),
            ..named("conversation.opened")
        }),
        Write::OpenGroup { members, .. } => all(AuditDraft {
            detail: Some(format!("group of {}", members.len())),
            ..named("conversation.opened")
        }),
        Write::Add {
            conversation,
            users,
        } => all(AuditDraft {
            conversation: Some(*conversation),
            user: only(users).cloned(),
            detail: Some(format!("added {}", users.len())),
            ..named("group.changed")
        }),
        Write::Remove { conversation, user } => all(AuditDraft {
            conversation: Some(*conversation),
            user: Some(user.clone()),
            detail: Some("removed".to_owned()),
            ..named("group.changed")
        }),
        Write::SetRole {
            conversation,
            user,
            role,
        } => all(AuditDraft {
            conversation: Some(*conversation),
            user: Some(user.clone()),
            detail: Some(role_name(*role).to_owned()),
            ..named("group.changed")
        }),
        Write::Rename { conversation, .. } => all(AuditDraft {
            conversation: Some(*conversation),
            detail: Some("renamed".to_owned()),
            ..named("group.changed")
        }),
        Write::Block { user, .. } => safety(AuditDraft {
            user: Some(user.clone()),
            ..named("user.blocked")
        }),
        Write::Unblock { user } => safety(AuditDraft {
            user: Some(user.clone()),
            ..named("user.unblocked")
        }),
        Write::Ask { user, .. } => safety(AuditDraft {
            user: Some(user.clone()),
            ..named("request.sent")
        }),
        Write::Answer { request, accept } => safety(AuditDraft {
            detail: Some(format!("request {request}")),
            ..named(if *accept {
                "request.accepted"
            } else {
                "request.declined"
            })
        }),
        Write::Withdraw { request } => safety(AuditDraft {
            detail: Some(format!("request {request}")),
            ..named("request.withdrawn")
        }),
        Write::Like { user, on } => safety(AuditDraft {
            user: Some(user.clone()),
            detail: taken_back(*on),
            ..named("user.liked")
        }),
        Write::Unmatch { matched } => safety(AuditDraft {
            detail: Some(format!("match {matched}")),
            ..named("match.ended")
        }),
        Write::Report(report) => safety(AuditDraft {
            user: Some(report.user.clone()),
            conversation: report.conversation,
            message: report.message,
            detail: Some(report.category.clone()),
            ..named("user.reported")
        }),
        Write::ReviewReport { report, status, .. } => safety(AuditDraft {
            detail: Some(format!("report {report} {}", status_name(*status))),
            ..named("report.reviewed")
        }),
        Write::ReviewFlag { message, status } => safety(AuditDraft {
            message: Some(*message),
            detail: Some(status_name(*status).to_owned()),
            ..named("flag.reviewed")
        }),
        Write::Sanction { user, sanction } => safety(AuditDraft {
            user: Some(user.clone()),
            detail: end_of(*sanction),
            ..named(sanction_name(*sanction))
        }),
        Write::Takedown { message } => safety(AuditDraft {
            message: Some(*message),
            ..named("message.taken_down")
        }),
        Write::Prefer(preferences) => safety(AuditDraft {
            detail: Some(format!("hide_receipts {}", preferences.hide_receipts)),
            ..named("preferences.changed")
        }),
    };
    Some(line)
}

fn all(draft: AuditDraft) -> (Audit, AuditDraft) {
    (Audit::All, draft)
}

fn safety(draft: AuditDraft) -> (Audit, AuditDraft) {
    (Audit::Safety, draft)
}

fn taken_back(on: bool) -> Option<String> {
    (!on).then(|| "taken back".to_owned())
}

fn only<T>(of: &[T]) -> Option<&T> {
    match of {
        [one] => Some(one),
        _ => None,
    }
}

fn role_name(role: MemberRole) -> &'static str {
    match role {
        MemberRole::Member => "role member",
        MemberRole::Admin => "role admin",
        MemberRole::Owner => "role owner",
    }
}

fn status_name(status: ReportStatus) -> &'static str {
    match status {
        ReportStatus::Pending => "pending",
        ReportStatus::Reviewing => "reviewing",
        ReportStatus::Actioned => "actioned",
        ReportStatus::Dismissed => "dismissed",
    }
}

fn sanction_name(sanction: Sanction) -> &'static str {
    match sanction {
        Sanction::Warn => "user.warned",
        Sanction::Mute(_) => "user.muted",
        Sanction::Unmute => "user.unmuted",
        Sanction::Suspend(_) => "user.suspended",
        Sanction::Ban => "user.banned",
        Sanction::Reinstate => "user.reinstated",
        Sanction::ShadowBan => "user.shadow_banned",
        Sanction::EndShadowBan => "user.shadow_ban_ended",
    }
}

fn end_of(sanction: Sanction) -> Option<String> {
    match sanction {
        Sanction::Mute(Some(Timestamp(ms))) | Sanction::Suspend(Some(Timestamp(ms))) => {
            Some(format!("until {ms}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use parlour_storage::{
        domain::message::Content,
        ids::{Position, UserId},
    };

    use super::*;

    fn here() -> ConversationId {
        ConversationId::created_at(Position::new(7).unwrap())
    }

    #[test]
    fn the_policy_says_what_is_written() {
        let user = UserId::new("b").unwrap();
        let block = Write::Block {
            user: user.clone(),
            reason: Some("private".into()),
        };
        let content = Content {
            text: "secret".into(),
            ..Content::default()
        };
        let send = Write::Send {
            conversation: here(),
            content,
            attachments: Vec::new(),
            key: None,
        };
        let action = |audit, write| of_write(audit, write, None, None).map(|draft| draft.action);
        assert_eq!(action(Audit::Off, &block), None);
        assert_eq!(action(Audit::Safety, &block), Some("user.blocked"));
        assert_eq!(action(Audit::Safety, &send), None);
        assert_eq!(action(Audit::All, &send), Some("message.sent"));
        assert_eq!(action(Audit::All, &Write::SeeUser), None);
        assert_eq!(of_connecting(Audit::Safety), None);
        for write in [&block, &send] {
            let draft = of_write(Audit::All, write, Some(here()), None);
            let printed = format!("{draft:?}");
            assert!(
                !printed.contains("secret") && !printed.contains("private"),
                "{printed}"
            );
        }
    }

    #[test]
    fn a_decision_keeps_its_end_and_its_reason() {
        let user = UserId::new("b").unwrap();
        let suspend = Sanction::Suspend(Some(Timestamp(5)));
        let write = Write::Sanction {
            user: user.clone(),
            sanction: suspend,
        };
        let draft = of_write(Audit::Safety, &write, None, Some("spam")).unwrap();
        assert_eq!(draft.action, "user.suspended");
        assert_eq!(draft.user, Some(user.clone()));
        assert_eq!(draft.detail.as_deref(), Some("until 5: spam"));
        let write = Write::Sanction {
            user,
            sanction: Sanction::Warn,
        };
        let draft = of_write(Audit::Safety, &write, None, Some("spam")).unwrap();
        assert_eq!(draft.detail.as_deref(), Some("spam"));
    }
}
