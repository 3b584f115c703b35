//! Notifications, and how they are sent, as the native protocol tells and takes them.

use parlour_actors::{
    command::{
        Card, Command, NoticeCommand, NoticeQuestion, NoticeReply, Question, ShownNotification,
    },
    error::Failure,
};
use parlour_storage::{
    domain::{
        notification::{
            DAY_MINUTES, DoNotDisturb, Mute, Notification, NotificationBody, NotificationId, Quiet,
        },
        push::PushSubscription,
    },
    ids::{
        ConversationId, MatchId, MessageId, MessageRequestId, Position, PushTargetId, Timestamp,
    },
};
use serde::{Deserialize, Serialize, ser::SerializeMap};

use super::{
    contact::{WireCard, card},
    fields::PAGE_DEFAULT,
    moderation::end,
    scalar::{Id, Moment, Number, WirePosition},
    wire::{Text, Time},
};

/// A page of notifications.
#[derive(Debug, Deserialize)]
pub struct NotificationsPage {
    /// Only those before this one.
    pub before: Option<WirePosition>,
    /// At most so many.
    pub limit: Option<Number>,
}

impl NotificationsPage {
    /// The question.
    pub fn into_question(self) -> Question {
        Question::Notice(NoticeQuestion::List {
            before: self.before.map(|id| NotificationId(id.0)),
            limit: self.limit.map_or(PAGE_DEFAULT, |n| n.0),
        })
    }
}

/// Marks notifications as read.
#[derive(Debug, Deserialize)]
pub struct ReadNotifications {
    /// Up to this one. Without it, all.
    pub through: Option<WirePosition>,
}

impl From<ReadNotifications> for Command {
    fn from(read: ReadNotifications) -> Self {
        let through = read.through.map(|id| NotificationId(id.0));
        Self::Notice(NoticeCommand::Read { through })
    }
}

/// Wants no notifications of a conversation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Silence {
    /// Until then ...
    pub until: Option<String>,
    /// ... or for so long. Neither: until it is taken back.
    #[serde(rename = "for")]
    pub lasting: Option<String>,
}

impl Silence {
    /// The command.
    ///
    /// # Errors
    ///
    /// Both are given, or one that is none or not in the future.
    pub fn of(self, conversation: ConversationId, now: Timestamp) -> Result<Command, Failure> {
        let until = end(self.until.as_deref(), self.lasting.as_deref(), now)?;
        let until = Some(until.unwrap_or(Timestamp::MAX));
        Ok(Command::Notice(NoticeCommand::Mute {
            conversation,
            until,
        }))
    }
}

/// Wants notifications of a conversation again.
pub fn unmute(conversation: ConversationId) -> Command {
    Command::Notice(NoticeCommand::Mute {
        conversation,
        until: None,
    })
}

/// Names the conversation of a [`Silence`].
#[derive(Debug, Deserialize)]
pub struct SilenceOf {
    /// Which.
    pub conversation: Id<ConversationId>,
    /// For how long.
    #[serde(flatten)]
    pub silence: Silence,
}

/// Chooses when one's devices are left alone. What isn't given is taken away.
#[derive(Debug, Deserialize)]
pub struct LeaveAlone {
    /// Each day.
    pub quiet: Option<QuietHours>,
    /// Until then.
    pub snooze_until: Option<Moment>,
}

/// Hours of each day, by one's own clock.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct QuietHours {
    from: u16,
    to: u16,
    #[serde(default)]
    utc_offset: i16,
}

impl LeaveAlone {
    /// The command.
    ///
    /// # Errors
    ///
    /// There are no such hours.
    pub fn into_command(self) -> Result<Command, Failure> {
        let quiet = self.quiet.map(|hours| Quiet {
            from: hours.from,
            to: hours.to,
            utc_offset: hours.utc_offset,
        });
        if quiet.is_some_and(|quiet| !quiet.is_valid()) {
            let words = format!(
                "quiet takes `from` and `to`, minutes of the day from 0 to {}, and `utc_offset`, in minutes",
                DAY_MINUTES - 1
            );
            return Err(Failure::bad_value("quiet", words));
        }
        let snooze_until = self.snooze_until.map(|moment| moment.0);
        let choice = DoNotDisturb {
            quiet,
            snooze_until,
        };
        Ok(Command::Notice(NoticeCommand::DoNotDisturb(choice)))
    }
}

/// Until when a conversation is muted; `null` stands for good.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct WireMute {
    until: Option<Time>,
}

pub(super) fn muted(until: Timestamp) -> WireMute {
    WireMute {
        until: (until != Timestamp::MAX).then_some(Time(until)),
    }
}

#[derive(Serialize)]
pub(super) struct WireMuted {
    conversation: Text<ConversationId>,
    #[serde(flatten)]
    mute: WireMute,
}

pub(super) fn mute(of: &Mute) -> WireMuted {
    WireMuted {
        conversation: Text(of.conversation),
        mute: muted(of.until),
    }
}

#[derive(Serialize)]
pub(super) struct WireDoNotDisturb {
    quiet: Option<QuietHours>,
    snooze_until: Option<Time>,
}

pub(super) fn do_not_disturb(choice: &DoNotDisturb) -> WireDoNotDisturb {
    WireDoNotDisturb {
        quiet: choice.quiet.map(|quiet| QuietHours {
            from: quiet.from,
            to: quiet.to,
            utc_offset: quiet.utc_offset,
        }),
        snooze_until: choice.snooze_until.map(Time),
    }
}

#[derive(Serialize)]
pub(super) struct WireNotification<'a> {
    id: Text<Position>,
    topic: &'static str,
    at: Time,
    read: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<WireCard<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation: Option<Text<ConversationId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text<MessageId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<Text<MessageRequestId>>,
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    matched: Option<Text<MatchId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

pub(super) fn notification<'a>(
    of: &'a Notification,
    who: Option<&'a Card>,
) -> WireNotification<'a> {
    let mut wire = WireNotification {
        id: Text(of.id.0),
        topic: of.body.topic(),
        at: Time(of.at),
        read: of.read,
        user: who.map(card),
        conversation: of.body.conversation().map(Text),
        message: None,
        request: None,
        matched: None,
        text: None,
    };
    match &of.body {
        NotificationBody::Message { message, .. } => wire.message = Some(Text(*message)),
        NotificationBody::Requested { request, .. }
        | NotificationBody::RequestAccepted { request, .. } => wire.request = Some(Text(*request)),
        NotificationBody::Matched { matched, .. } => wire.matched = Some(Text(*matched)),
        NotificationBody::Warned { reason } => wire.text = reason.as_deref(),
        NotificationBody::System { text } => wire.text = Some(text),
    }
    wire
}

pub(super) fn shown(of: &ShownNotification) -> WireNotification<'_> {
    notification(&of.notification, of.who.as_deref())
}

/// A device. Its address is a secret of its own and of who sends to it: nobody needs to be told.
#[derive(Serialize)]
pub(super) struct WirePushTarget {
    id: Text<PushTargetId>,
    kind: &'static str,
    at: Time,
}

pub(super) fn push_target(of: &PushSubscription) -> WirePushTarget {
    WirePushTarget {
        id: Text(of.id),
        kind: of.target.kind(),
        at: Time(of.at),
    }
}

pub(super) fn answer<M: SerializeMap>(map: &mut M, reply: &NoticeReply) -> Result<(), M::Error> {
    match reply {
        NoticeReply::Notifications {
            items,
            next,
            unread,
        } => {
            let list: Vec<_> = items.iter().map(shown).collect();
            map.serialize_entry("notifications", &list)?;
            map.serialize_entry("next", &next.map(|next| Text(next.0)))?;
            map.serialize_entry("unread", unread)
        }
        NoticeReply::Unread(unread) => map.serialize_entry("unread", unread),
        NoticeReply::DoNotDisturb(choice) => {
            map.serialize_entry("do_not_disturb", &do_not_disturb(choice))
        }
        NoticeReply::PushKey(key) => map.serialize_entry("key", key),
        NoticeReply::PushTarget(target) => map.serialize_entry("target", &push_target(target)),
        NoticeReply::PushTargets(targets) => {
            let list: Vec<_> = targets.iter().map(push_target).collect();
            map.serialize_entry("targets", &list)
        }
    }
}
