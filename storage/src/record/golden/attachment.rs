//! The golden bytes of files, and of messages that were sent with some.

use super::*;
use crate::ids::AttachmentId;

#[test]
fn records_of_files_are_read() {
    let at = Timestamp(1_800_000_000_123);
    let id = AttachmentId::created_at(position(80_000));
    let message = MessageId::created_at(position(70_000));
    let conversation = ConversationId::created_at(position(300));
    let image = Some(ImageSizeV1 {
        width: 640,
        height: 480,
    });
    let attachment = AttachmentV1 {
        owner: user("ann"),
        object: "ann/0f.png".to_owned(),
        name: "c\u{e4}t.png".to_owned(),
        media_type: "image/png".to_owned(),
        bytes: 5_000_000_000,
        digest: [0xab; 32],
        image,
        thumbnail: Some("ann/0f.thumb.jpg".to_owned()),
        created_at: at,
        bound: Some((conversation, message)),
    };
    check("AttachmentV1", &attachment);
    check("AttachmentOfV1", &AttachmentOfV1 { bound: true });
    let (n_files, bytes) = (3, 5_000_000_000);
    check("UsageV1", &UsageV1 { n_files, bytes });
    check("UnsentV1", &UnsentV1);
    let doomed = DoomedV1 {
        object: "ann/0f.png".to_owned(),
        thumbnail: None,
    };
    check("DoomedV1", &doomed);
    check("ObjectV1", &ObjectV1 { attachment: id });
    let attached = AttachedV1 {
        id,
        name: "c\u{e4}t.png".to_owned(),
        media_type: "image/png".to_owned(),
        bytes: 5_000_000_000,
        image,
        has_thumbnail: true,
    };
    let sent = MessageV2 {
        conversation,
        seq: Seq(1),
        author: user("ann"),
        kind: MessageKindV1::Image,
        text: String::new(),
        reply_to: None,
        metadata: None,
        key: None,
        sent_at: at,
        edited_at: None,
        deleted_at: None,
        reacted: false,
        attachments: vec![attached],
    };
    check("MessageV2", &sent);
}
