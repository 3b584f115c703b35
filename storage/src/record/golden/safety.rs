//! The golden bytes of reports, flags, standings, preferences and lines of the audit log.

use super::*;

#[test]
fn records_of_safety_are_read() {
    let at = Timestamp(1_800_000_000_123);
    let message = Some(MessageId::created_at(position(70_000)));
    let conversation = ConversationId::created_at(position(300));
    let report = ReportV1 {
        by: user("ann"),
        user: user("bob"),
        category: "spam".to_owned(),
        reason: Some("why".to_owned()),
        conversation: Some(conversation),
        message,
        status: ReportStatusV1::Dismissed,
        at,
        reviewed: Some((at, user("mod"))),
        note: None,
    };
    check("ReportV1", &report);
    let flag = FlagV1 {
        conversation,
        author: user("ann"),
        found: vec!["profanity".to_owned(), "x".to_owned()],
        original: Some("before".to_owned()),
        status: ReportStatusV1::Pending,
        at,
        reviewed: None,
    };
    check("FlagV1", &flag);
    let standing = StandingV1 {
        warnings: 2,
        muted_until: None,
        suspended_until: Some(Timestamp::MAX),
        banned: true,
        shadowed_since: Some(at),
    };
    check("StandingV1", &standing);
    check("ShadowedV1", &ShadowedV1 { since: at });
    let hash = std::array::from_fn(|n| n as u8);
    let line = AuditV1 {
        at,
        by: user("ann"),
        position: Some(position(8)),
        action: "user.warned".to_owned(),
        user: Some(user("bob")),
        conversation: Some(conversation),
        message,
        detail: Some("d".to_owned()),
        hash,
    };
    check("AuditV1", &line);
    check("AuditMarkV1", &AuditMarkV1 { n: 7, hash });
    let hide_receipts = true;
    check("PreferencesV1", &PreferencesV1 { hide_receipts });
    check("ShelvedV1", &ShelvedV1);
}
