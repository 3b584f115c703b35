//! What is kept of a person as JSON lines, and what erasing them came to. `docs/operations.md` is the specification.
//!
//! The objects are those of the native protocol.

use std::collections::BTreeMap;

use parlour_actors::{
    codec::Resume,
    erasure::{Erased, Kept},
    export::Item,
};
use parlour_storage::ids::{ConversationId, MessageId};
use serde::Serialize;

use super::{
    attachment::{WireAttachment, attachment},
    contact::{WireHidden, WireMatch, WireRequest, hidden, matched, request},
    later::{WireScheduled, WireTemplate, scheduled, template},
    notice::{WireDoNotDisturb, WireMuted, WireNotification, do_not_disturb, mute, notification},
    notice::{WirePushTarget, push_target},
    safety::{WireReport, WireStanding, report, standing},
    wire::{
        Text, Time, WireBlock, WireConversation, WireMember, WireMessage, WireRevision, WireUser,
        block, conversation, member, message, resume, revision, user,
    },
};

/// The version of the format, told in its first line.
pub const VERSION: u32 = 1;

/// Its media type.
pub const MEDIA_TYPE: &str = "application/x-ndjson";

#[derive(Serialize)]
struct Line<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    fields: Fields<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Fields<'a> {
    Begin {
        version: u32,
        user: &'a str,
        at: Time,
        resume: Text<Resume>,
    },
    Profile {
        profile: WireUser<'a>,
        created_at: Time,
        #[serde(skip_serializing_if = "Option::is_none")]
        last_seen: Option<Time>,
    },
    Preferences {
        hide_receipts: bool,
    },
    Standing {
        standing: WireStanding,
    },
    Block {
        block: WireBlock<'a>,
    },
    Conversation {
        conversation: WireConversation<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        member: Option<WireMember<'a>>,
        stays: Vec<WireStay>,
    },
    Written {
        message: WireMessage<'a>,
        revisions: Vec<WireRevision<'a>>,
    },
    Received {
        message: WireMessage<'a>,
    },
    Reaction {
        conversation: Text<ConversationId>,
        message: Text<MessageId>,
        emoji: &'a str,
        at: Time,
    },
    Request {
        request: WireRequest<'a>,
    },
    Like {
        user: &'a str,
    },
    Match {
        #[serde(rename = "match")]
        matched: WireMatch<'a>,
    },
    Hidden(WireHidden<'a>),
    Report {
        report: WireReport<'a>,
    },
    Attachment {
        attachment: WireAttachment<'a>,
    },
    Scheduled {
        scheduled: WireScheduled<'a>,
    },
    Template {
        template: WireTemplate<'a>,
    },
    PushTarget {
        target: WirePushTarget,
        address: &'a str,
    },
    Notification {
        notification: WireNotification<'a>,
    },
    Mute(WireMuted),
    DoNotDisturb(WireDoNotDisturb),
    End {
        counts: &'a BTreeMap<&'static str, u64>,
    },
}

#[derive(Serialize)]
struct WireStay {
    joined_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_at: Option<Time>,
}

/// An item as a line, with its end.
pub fn line(item: &Item) -> Vec<u8> {
    let fields = match item {
        Item::Begin {
            user,
            resume: (epoch, position),
            at,
        } => Fields::Begin {
            version: VERSION,
            user: user.as_str(),
            at: Time(*at),
            resume: resume(*epoch, *position),
        },
        Item::Profile(profile) => Fields::Profile {
            profile: user(profile, true),
            created_at: Time(profile.created_at),
            last_seen: profile.last_seen.map(Time),
        },
        Item::Preferences(chosen) => Fields::Preferences {
            hide_receipts: chosen.hide_receipts,
        },
        Item::Standing { standing: of, at } => Fields::Standing {
            standing: standing(of, *at),
        },
        Item::Block(one) => Fields::Block { block: block(one) },
        Item::Conversation {
            conversation: one,
            member: part,
            stays,
        } => Fields::Conversation {
            conversation: conversation(one),
            member: part.as_ref().map(member),
            stays: stays
                .iter()
                .map(|stay| WireStay {
                    joined_at: Time(stay.joined.time()),
                    left_at: stay.left.map(|left| Time(left.time())),
                })
                .collect(),
        },
        Item::Written {
            message: one,
            revisions,
        } => Fields::Written {
            message: message(one, false),
            revisions: revisions.iter().map(revision).collect(),
        },
        Item::Received(shown) => Fields::Received {
            message: message(&shown.message, shown.veiled),
        },
        Item::Reaction {
            conversation,
            reacted,
        } => Fields::Reaction {
            conversation: Text(*conversation),
            message: Text(reacted.message),
            emoji: &reacted.emoji,
            at: Time(reacted.at),
        },
        Item::Request(shown) => Fields::Request {
            request: request(shown),
        },
        Item::Like(user) => Fields::Like {
            user: user.as_str(),
        },
        Item::Match(shown) => Fields::Match {
            matched: matched(shown),
        },
        Item::Hidden(one) => Fields::Hidden(hidden(one)),
        Item::Report(one) => Fields::Report {
            report: report(one),
        },
        Item::Attachment(one) => Fields::Attachment {
            attachment: attachment(one),
        },
        Item::Scheduled(one) => Fields::Scheduled {
            scheduled: scheduled(one),
        },
        Item::Template(one) => Fields::Template {
            template: template(one),
        },
        Item::PushTarget(one) => Fields::PushTarget {
            target: push_target(one),
            address: one.target.address().unwrap_or_default(),
        },
        Item::Notification(one) => Fields::Notification {
            notification: notification(one, None),
        },
        Item::Mute(one) => Fields::Mute(mute(one)),
        Item::DoNotDisturb(choice) => Fields::DoNotDisturb(do_not_disturb(choice)),
        Item::End(counts) => Fields::End { counts },
    };
    let line = Line {
        kind: item.kind(),
        fields,
    };
    let mut bytes =
        serde_json::to_vec(&line).expect("our types have text keys and no failing serializer");
    bytes.push(b'\n');
    bytes
}

#[derive(Serialize)]
struct WireErased<'a> {
    user: &'a str,
    at: Time,
    gone: BTreeMap<&'static str, u64>,
    kept: Vec<WireKept>,
}

#[derive(Serialize)]
struct WireKept {
    what: &'static str,
    n: u64,
    why: &'static str,
}

/// What erasing somebody came to, as JSON.
pub fn erased(
    Erased {
        user,
        at,
        gone,
        kept,
    }: &Erased,
) -> impl Serialize {
    let kept = kept
        .iter()
        .map(|&Kept { what, n, why }| WireKept { what, n, why });
    WireErased {
        user: user.as_str(),
        at: Time(*at),
        gone: gone.iter().copied().collect(),
        kept: kept.collect(),
    }
}
