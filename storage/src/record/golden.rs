//! The golden bytes of every record: what was stored once must be read for ever.

use std::fmt::Debug;

mod attachment;
mod event;
mod notice;
mod safety;
mod scheduled;

use super::*;
use crate::{
    codec,
    ids::{MatchId, ReportId},
};

/// One line a record: its name, and its bytes at key "key" in hex. A line is never changed: what it
/// says lies on disks. A new version of a record gets a line of its own.
const GOLDEN: &str = include_str!("golden.txt");

fn user(text: &str) -> UserId {
    UserId::new(text).unwrap()
}

fn position(number: u64) -> Position {
    Position::new(number).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.map(byte).collect()
}

/// What was written once is read today, and today's bytes are those of then.
fn check<R: Record + Debug + PartialEq>(name: &str, record: &R) {
    let found = GOLDEN
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let sealed = codec::seal(b"key", record).unwrap();
    let now = hex(&sealed.head);
    let golden = found.unwrap_or_else(|| panic!("no line yet:\n{name} {now}"));
    assert_eq!(golden, now, "{name}");
    let read: R = codec::open(b"key", &bytes(golden), &mut |_| Ok(None)).unwrap();
    assert_eq!(read, *record, "{name}");
}

#[test]
fn records_of_every_version_are_read() {
    let at = Timestamp(1_800_000_000_123);
    let message = MessageId::created_at(position(70_000));
    let conversation = ConversationId::created_at(position(300));
    check("FormatV1", &FormatV1 { number: 1 });
    check("EpochV1", &EpochV1 { epoch: 0xc0ff_ee00 });
    let last = Position::MAX;
    check("CeilingV1", &CeilingV1 { position: last });
    let record = UserV1 {
        name: Some("Ann".to_owned()),
        picture: None,
        role: NodeRoleV1::Admin,
        plan: PlanV1::Premium,
        created_at: at,
        last_seen: Some(Timestamp(-1)),
    };
    check("UserV1", &record);
    let reason = Some("spam".to_owned());
    check("BlockV1", &BlockV1 { reason, at });
    check("BlockedByV1", &BlockedByV1);
    check("LimitV1", &LimitV1 { tat_us: -2 });
    let pair = [user("ann"), user("bob")];
    let direct = ConversationV1 {
        kind: ConversationKindV1::Direct { pair },
        created_by: user("bob"),
        created_at: at,
        n_members: 2,
        next_ordinal: 2,
    };
    check("ConversationV1-direct", &direct);
    let name = Some("a\u{ff}".to_owned());
    let group = ConversationV1 {
        kind: ConversationKindV1::Group { name },
        ..direct
    };
    check("ConversationV1-group", &group);
    let kind = ConversationKindV1::Archived {
        pair: [user("ann"), user("bob")],
    };
    check("ConversationV1-archived", &ConversationV1 { kind, ..group });
    check("PairV1", &PairV1 { conversation });
    let member = MemberV1 {
        ordinal: 7,
        present: true,
        role: MemberRoleV1::Owner,
        joined_at: at,
        joined: position(300),
        read: Seq(5),
        read_at: Some(at),
        delivered: Seq(6),
        delivered_at: None,
    };
    check("MemberV1", &member);
    let left = Some(position(301));
    check("StintV1", &StintV1 { left });
    let sent = MessageV2 {
        conversation,
        seq: Seq(1),
        author: user("ann"),
        kind: MessageKindV1::System,
        text: "hello".to_owned(),
        reply_to: Some(message),
        metadata: Some("{}".to_owned()),
        key: Some(IdempotencyKey::new("k").unwrap()),
        sent_at: at,
        edited_at: Some(at),
        deleted_at: None,
        reacted: true,
        attachments: Vec::new(),
    };
    check("MessageV1", &sent);
    let place = PlaceV1 {
        message,
        author: 3,
        deleted: true,
    };
    check("PlaceV1", &place);
    for (name, made) in [
        ("RequestV1-message", MadeV1::Message(message)),
        ("RequestV1-group", MadeV1::Group(conversation)),
        (
            "RequestV1-asked",
            MadeV1::Asked(MessageRequestId::created_at(position(70_001))),
        ),
    ] {
        let fingerprint = u64::MAX;
        check(name, &RequestV1 { fingerprint, made });
    }
    let revision = RevisionV1 {
        text: "before".to_owned(),
        written_at: at,
    };
    check("RevisionV1", &revision);
    check("ReactionV1", &ReactionV1 { at });
    check("ReadMarkV1", &ReadMarkV1 { at });
    check("TombstoneV1", &TombstoneV1);
    let floor = FloorV1 {
        seq: Seq(4),
        position: position(71_000),
        swept: position(72_000),
    };
    check("FloorV1", &floor);
    let seq = Seq(9);
    let (emoji, on) = ("+".to_owned(), true);
    let role = MemberRoleV1::Admin;
    let (name, by) = (Some("n".to_owned()), user("ann"));
    let users = vec![user("bob"), user("cid")];
    let members = users.clone();
    let user = user("bob");
    let reacted = ChangeBodyV1::Reacted {
        message,
        seq,
        emoji,
        on,
    };
    for (case, body) in [
        ("created", ChangeBodyV1::Created { members }),
        ("edited", ChangeBodyV1::Edited { message }),
        ("deleted", ChangeBodyV1::Deleted { message }),
        ("reacted", reacted),
        ("read", ChangeBodyV1::Read { seq }),
        ("delivered", ChangeBodyV1::Delivered { seq }),
        ("added", ChangeBodyV1::Added { users }),
        ("removed", ChangeBodyV1::Removed { user: user.clone() }),
        ("role-set", ChangeBodyV1::RoleSet { user, role }),
        ("renamed", ChangeBodyV1::Renamed { name }),
        ("read-from", ChangeBodyV1::ReadFrom { from: Seq(7), seq }),
        ("archived", ChangeBodyV1::Archived { on }),
    ] {
        let by = by.clone();
        check(&format!("ChangeV1-{case}"), &ChangeV1 { by, at, body });
    }
    let through = position(8);
    check("NotificationsReadV1", &NotificationsReadV1 { through });
}

#[test]
fn records_of_first_contact_are_read() {
    let at = Timestamp(1_800_000_000_123);
    let tie = TieV1 {
        matched: Some(MatchId::created_at(position(70_002))),
        request: Some(MessageRequestId::created_at(position(70_001))),
        wrote: [true, false],
    };
    check("TieV1", &tie);
    for (case, status) in [
        ("pending", RequestStatusV1::Pending),
        ("accepted", RequestStatusV1::Accepted),
        ("declined", RequestStatusV1::Declined),
        ("withdrawn", RequestStatusV1::Withdrawn),
        ("expired", RequestStatusV1::Expired),
    ] {
        let request = MessageRequestV1 {
            from: user("ann"),
            to: user("bob"),
            text: "hello".to_owned(),
            masked: Some("*".to_owned()),
            status,
            created_at: at,
            answered_at: Some(Timestamp(-1)),
            message: Some(MessageId::created_at(position(70_000))),
            conversation: Some(ConversationId::created_at(position(300))),
        };
        check(&format!("MessageRequestV1-{case}"), &request);
    }
    check("RequestOfV1", &RequestOfV1 { sent: true });
    for (case, kind) in [
        ("mutual-like", MatchKindV1::MutualLike),
        ("request-accepted", MatchKindV1::RequestAccepted),
        ("reply", MatchKindV1::Reply),
        ("like-after-request", MatchKindV1::LikeAfterRequest),
    ] {
        let matched = MatchV1 {
            pair: [user("ann"), user("bob")],
            kind,
            created_at: at,
            conversation: ConversationId::created_at(position(300)),
        };
        check(&format!("MatchV1-{case}"), &matched);
    }
    check("MatchOfV1", &MatchOfV1);
    check("LikeV1", &LikeV1 { at });
    let hidden = HiddenV1 {
        written: Some(at),
        unmatched: None,
    };
    check("HiddenV1", &hidden);
}
