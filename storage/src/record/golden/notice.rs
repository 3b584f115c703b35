//! The golden bytes of what people are notified with.

use super::*;
use crate::ids::PushTargetId;

#[test]
fn records_of_notices_are_read() {
    let at = Timestamp(1_800_000_000_123);
    let target = PushTargetId::created_at(position(90_000));
    let text = str::to_owned;
    let web = DeviceV1::WebPush {
        endpoint: text("https://push.example/1"),
        p256dh: text("BP"),
        auth: text("a1"),
    };
    let token = DeviceV1::Fcm { token: text("t") };
    let endpoint = text("https://ntfy.example/up");
    let unified = DeviceV1::UnifiedPush { endpoint };
    for (name, device) in [("WebPush", web), ("Fcm", token), ("UnifiedPush", unified)] {
        check(
            &format!("PushTargetV1-{name}"),
            &PushTargetV1 { at, device },
        );
    }
    let owner = PushAddressV1 {
        user: user("ann"),
        target,
    };
    check("PushAddressV1", &owner);
    let message = MessageId::created_at(position(70_000));
    let conversation = ConversationId::created_at(position(300));
    let request = MessageRequestId::created_at(position(400));
    let matched = MatchId::created_at(position(500));
    let (ann, text) = (user("ann"), text("hi"));
    let cases = [
        (
            "message",
            NotificationBodyV1::Message {
                conversation,
                message,
                author: ann.clone(),
            },
        ),
        (
            "requested",
            NotificationBodyV1::Requested {
                request,
                from: ann.clone(),
            },
        ),
        (
            "accepted",
            NotificationBodyV1::RequestAccepted {
                request,
                by: ann.clone(),
                conversation: Some(conversation),
            },
        ),
        (
            "matched",
            NotificationBodyV1::Matched {
                matched,
                with: ann.clone(),
                conversation,
            },
        ),
        (
            "warned",
            NotificationBodyV1::Warned {
                reason: Some(text.clone()),
            },
        ),
        ("system", NotificationBodyV1::System { text }),
    ];
    let read = true;
    for (name, body) in cases {
        let record = NotificationV2 { at, read, body };
        check(&format!("NotificationV2-{name}"), &record);
    }
    let noticed = NoticedV1 {
        notification: position(8),
        newest: Some((message, Seq(3))),
    };
    check("NoticedV1", &noticed);
    check("NotificationAtV1", &NotificationAtV1 { user: ann });
    check("MuteV1", &MuteV1 { until: at });
    let quiet = Some(QuietV1 {
        from: 1320,
        to: 420,
        utc_offset: -330,
    });
    let snooze_until = Some(at);
    let choice = DoNotDisturbV1 {
        quiet,
        snooze_until,
    };
    check("DoNotDisturbV1", &choice);
}
