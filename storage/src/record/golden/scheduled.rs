//! The golden bytes of what people keep for later.

use super::*;
use crate::ids::{AttachmentId, ScheduledId};

#[test]
fn records_of_what_is_kept_for_later_are_read() {
    let at = Timestamp(1_800_000_000_123);
    let attached = AttachedV1 {
        id: AttachmentId::created_at(position(80_000)),
        name: "cat.png".to_owned(),
        media_type: "image/png".to_owned(),
        bytes: 1000,
        image: None,
        has_thumbnail: false,
    };
    let waiting = ScheduledV1 {
        to: DestinationV1::Conversation(ConversationId::created_at(position(300))),
        kind: MessageKindV1::Text,
        text: "happy birthday".to_owned(),
        reply_to: Some(MessageId::created_at(position(70_000))),
        metadata: Some("{}".to_owned()),
        attachments: vec![attached],
        at,
        key: Some(IdempotencyKey::new("k").unwrap()),
        fingerprint: u64::MAX,
        created_at: Timestamp(1_700_000_000_123),
        edited_at: Some(Timestamp(1_700_000_000_124)),
        revision: 7,
        failed: None,
    };
    check("ScheduledV1-waiting", &waiting);
    let failed = SendFailedV1 {
        at,
        code: 2032,
        reason: "suspended".to_owned(),
    };
    let failed = ScheduledV1 {
        to: DestinationV1::User(user("bob")),
        failed: Some(failed),
        ..waiting
    };
    check("ScheduledV1-failed", &failed);
    let author = user("ann");
    check("DueV1", &DueV1 { author });
    let scheduled = ScheduledId::created_at(position(90_000));
    check("HeldV1", &HeldV1 { scheduled });
    let template = TemplateV1 {
        name: "hello".to_owned(),
        text: "Nice to meet you".to_owned(),
        created_at: at,
        edited_at: None,
    };
    check("TemplateV1", &template);
}
