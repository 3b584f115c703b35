//! The golden bytes of events, of those who follow them, and of what those gave up on.

use super::*;
use crate::ids::ScheduledId;

fn asked() -> AskedV1 {
    AskedV1 {
        request: MessageRequestId::created_at(position(70_001)),
        from: user("ann"),
        to: user("bob"),
    }
}

#[test]
fn records_of_events_are_read() {
    let at = Timestamp(1_800_000_000_123);
    let message = MessageId::created_at(position(70_000));
    let conversation = ConversationId::created_at(position(300));
    let report = ReportId::created_at(position(70_003));
    let matched = MatchId::created_at(position(70_002));
    let pair = || [user("ann"), user("bob")];
    let bob = || user("bob");
    let sanction = SanctionV1::Mute(Some(at));
    for (case, what) in [
        (
            "edited",
            HappeningV1::Edited {
                conversation,
                message,
            },
        ),
        (
            "deleted",
            HappeningV1::Deleted {
                conversation,
                message,
            },
        ),
        (
            "purged",
            HappeningV1::Purged {
                conversation,
                messages: vec![message],
            },
        ),
        (
            "changed",
            HappeningV1::Changed {
                conversation,
                change: position(301),
            },
        ),
        (
            "blocked",
            HappeningV1::Blocked {
                user: bob(),
                conversation: Some(conversation),
            },
        ),
        ("unblocked", HappeningV1::Unblocked { user: bob() }),
        ("reported", HappeningV1::Reported { report }),
        ("requested", HappeningV1::Requested(asked())),
        (
            "accepted",
            HappeningV1::Accepted {
                asked: asked(),
                message: Some(message),
                conversation: None,
            },
        ),
        ("declined", HappeningV1::Declined(asked())),
        ("withdrawn", HappeningV1::Withdrawn(asked())),
        (
            "matched",
            HappeningV1::Matched {
                matched,
                pair: pair(),
                kind: MatchKindV1::Reply,
                conversation,
            },
        ),
        (
            "unmatched",
            HappeningV1::Unmatched {
                matched,
                pair: pair(),
                conversation,
            },
        ),
        (
            "discovery",
            HappeningV1::Discovery {
                from: user("ann"),
                user: bob(),
                because: Some(HiddenBecauseV1::Blocked),
            },
        ),
        (
            "sanctioned",
            HappeningV1::Sanctioned {
                user: bob(),
                sanction,
            },
        ),
        ("online", HappeningV1::Online),
        ("offline", HappeningV1::Offline),
        (
            "send-failed",
            HappeningV1::SendFailed {
                scheduled: ScheduledId::created_at(position(90_000)),
                code: 2032,
            },
        ),
    ] {
        let by = (case != "purged").then(|| user("ann"));
        check(&format!("HappenedV1-{case}"), &HappenedV1 { by, at, what });
    }
    let place = ConsumerV1 {
        position: Position::MAX,
        n: 2,
    };
    check("ConsumerV1", &place);
    let floor = EventFloorV1 {
        position: position(71_000),
        n: 3,
    };
    check("EventFloorV1", &floor);
    let letter = DeadLetterV1 {
        why: "it answered 410".to_owned(),
        attempts: 7,
        at,
        revived: true,
    };
    check("DeadLetterV1", &letter);
}
